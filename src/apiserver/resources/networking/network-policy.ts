// networkpolicies. Rules and wording: k8s.io/kubernetes/pkg/apis/networking/validation.

import type {
  IPBlock,
  NetworkPolicy,
  NetworkPolicyPeer,
  NetworkPolicyPort,
} from '../../../api/generated/networking-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { defineResource } from '../../resource-definition.ts'
import { ageColumn, labelSelectorText, nameColumn, text } from '../columns/common.ts'
import { isWithin } from '../core/address-bits.ts'
import { checkCidr, checkOptionalEnum, checkPort } from '../core/field-checks.ts'
import { validateLabelSelector } from '../core/label-selector-validation.ts'

const PROTOCOLS = ['TCP', 'UDP', 'SCTP']
const TYPES = ['Ingress', 'Egress']

export const networkPolicies = defineResource<NetworkPolicy>({
  group: 'networking.k8s.io',
  resource: 'networkpolicies',
  shortNames: ['netpol'],
  defaults({ spec }) {
    for (const rule of [...(spec.ingress ?? []), ...(spec.egress ?? [])]) {
      for (const port of rule.ports ?? []) port.protocol ??= 'TCP'
    }
    if ((spec.policyTypes ?? []).length === 0) {
      spec.policyTypes = (spec.egress ?? []).length > 0 ? ['Ingress', 'Egress'] : ['Ingress']
    }
    spec.podSelector ??= {}
  },
  validate({ spec }) {
    const { podSelector = {}, ingress = [], egress = [], policyTypes = [] } = spec
    const errors = [
      ...validateLabelSelector(podSelector, 'spec.podSelector'),
      ...ingress.flatMap(({ ports, from }, i) => validateRule(ports, from, `spec.ingress[${i}]`, 'from')),
      ...egress.flatMap(({ ports, to }, i) => validateRule(ports, to, `spec.egress[${i}]`, 'to')),
    ]
    if (policyTypes.length > TYPES.length) {
      const why = 'may not specify more than two policyTypes'
      return [...errors, field.invalid('spec.policyTypes', policyTypes, why)]
    }
    return [...errors, ...policyTypes.flatMap((type, i) => checkOptionalEnum(`spec.policyTypes[${i}]`, type, TYPES))]
  },
  columns: [nameColumn, text('Pod-Selector', (p) => labelSelectorText(p.spec.podSelector)), ageColumn],
})

function validateRule(
  ports: readonly NetworkPolicyPort[] | undefined,
  peers: readonly NetworkPolicyPeer[] | undefined,
  path: string,
  side: 'from' | 'to',
): FieldError[] {
  return [
    ...(ports ?? []).flatMap((port, i) => validatePort(port, `${path}.ports[${i}]`)),
    ...(peers ?? []).flatMap((peer, i) => validatePeer(peer, `${path}.${side}[${i}]`)),
  ]
}

function validatePort({ protocol, port, endPort }: NetworkPolicyPort, path: string): FieldError[] {
  const errors = checkOptionalEnum(`${path}.protocol`, protocol, PROTOCOLS)
  const at = `${path}.endPort`
  if (endPort !== undefined && typeof port !== 'number') {
    errors.push(
      field.invalid(
        at,
        endPort,
        `may not be specified when \`port\` is ${port === undefined ? 'not specified' : 'non-numeric'}`,
      ),
    )
  }
  if (port !== undefined) errors.push(...checkPort(`${path}.port`, port))
  if (endPort === undefined || typeof port !== 'number') return errors
  if (endPort < port) errors.push(field.invalid(at, endPort, 'must be greater than or equal to `port`'))
  return [...errors, ...checkPort(at, endPort)]
}

function validatePeer({ podSelector, namespaceSelector, ipBlock }: NetworkPolicyPeer, path: string): FieldError[] {
  const errors = [
    ...(podSelector ? validateLabelSelector(podSelector, `${path}.podSelector`) : []),
    ...(namespaceSelector ? validateLabelSelector(namespaceSelector, `${path}.namespaceSelector`) : []),
    ...(ipBlock ? validateBlock(ipBlock, `${path}.ipBlock`) : []),
  ]
  if (!podSelector && !namespaceSelector && !ipBlock) errors.push(field.required(path, 'must specify a peer'))
  else if (ipBlock && (podSelector || namespaceSelector)) {
    errors.push(field.forbidden(path, 'may not specify both ipBlock and another peer'))
  }
  return errors
}

function validateBlock({ cidr, except = [] }: IPBlock, path: string): FieldError[] {
  if (!cidr) return [field.required(`${path}.cidr`)]
  const errors = checkCidr(`${path}.cidr`, cidr)
  if (errors.length > 0) return errors
  return except.flatMap((inner, i) => {
    const at = `${path}.except[${i}]`
    const wrong = checkCidr(at, inner)
    if (wrong.length > 0 || isWithin(inner, cidr)) return wrong
    return [field.invalid(at, inner, 'must be a strict subset of `cidr`')]
  })
}
