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
import { checkCidr, checkOptionalEnum, checkPort, isReadableCidr } from '../core/field-checks.ts'
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
  },
  validate({ spec }, old) {
    const known = knownOf(old)
    const { podSelector = {}, ingress = [], egress = [], policyTypes = [] } = spec
    const errors = [
      ...validateLabelSelector(podSelector, 'spec.podSelector', known.anyValue),
      ...ingress.flatMap(({ ports, from }, i) => validateRule(ports, from, `spec.ingress[${i}].from`, known)),
      ...egress.flatMap(({ ports, to }, i) => validateRule(ports, to, `spec.egress[${i}].to`, known)),
    ]
    if (policyTypes.length > TYPES.length) {
      const why = 'may not specify more than two policyTypes'
      return [...errors, field.invalid('spec.policyTypes', policyTypes, why)]
    }
    return [...errors, ...policyTypes.flatMap((type, i) => checkOptionalEnum(`spec.policyTypes[${i}]`, type, TYPES))]
  },
  columns: [nameColumn, text('Pod-Selector', (p) => labelSelectorText(p.spec.podSelector)), ageColumn],
})

/** What the old policy had that is let be. Upstream: ValidationOptionsForNetworking. */
interface Known {
  readonly anyValue: boolean
  readonly cidrs: readonly string[]
}

function knownOf(old: NetworkPolicy | undefined): Known {
  const { podSelector = {}, ingress = [], egress = [] } = old?.spec ?? {}
  const peers = [...ingress.flatMap(({ from = [] }) => from), ...egress.flatMap(({ to = [] }) => to)]
  return {
    anyValue: validateLabelSelector(podSelector, '').length > 0,
    cidrs: peers.flatMap(({ ipBlock }) => (ipBlock ? [ipBlock.cidr, ...(ipBlock.except ?? [])] : [])),
  }
}

function validateRule(
  ports: readonly NetworkPolicyPort[] | undefined,
  peers: readonly NetworkPolicyPeer[] | undefined,
  peersAt: string,
  known: Known,
): FieldError[] {
  const path = peersAt.slice(0, peersAt.lastIndexOf('.'))
  return [
    ...(ports ?? []).flatMap((port, i) => validatePort(port, `${path}.ports[${i}]`)),
    ...(peers ?? []).flatMap((peer, i) => validatePeer(peer, `${peersAt}[${i}]`, known)),
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
  // It shows the other port, as upstream does.
  if (endPort < port) errors.push(field.invalid(at, port, 'must be greater than or equal to `port`'))
  return [...errors, ...checkPort(at, endPort)]
}

function validatePeer(
  { podSelector, namespaceSelector, ipBlock }: NetworkPolicyPeer,
  path: string,
  { anyValue, cidrs }: Known,
): FieldError[] {
  const errors = [
    ...(podSelector ? validateLabelSelector(podSelector, `${path}.podSelector`, anyValue) : []),
    ...(namespaceSelector ? validateLabelSelector(namespaceSelector, `${path}.namespaceSelector`, anyValue) : []),
    ...(ipBlock ? validateBlock(ipBlock, `${path}.ipBlock`, cidrs) : []),
  ]
  if (!podSelector && !namespaceSelector && !ipBlock) errors.push(field.required(path, 'must specify a peer'))
  else if (ipBlock && (podSelector || namespaceSelector)) {
    errors.push(field.forbidden(path, 'may not specify both ipBlock and another peer'))
  }
  return errors
}

function validateBlock({ cidr, except = [] }: IPBlock, path: string, known: readonly string[]): FieldError[] {
  if (!cidr) return [field.required(`${path}.cidr`)]
  const errors = checkCidr(`${path}.cidr`, cidr, known)
  // Of what cannot be read nothing can be a part.
  if (!isReadableCidr(cidr)) return errors
  for (const [i, inner] of except.entries()) {
    const at = `${path}.except[${i}]`
    errors.push(...checkCidr(at, inner, known))
    if (!isReadableCidr(inner) || isWithin(inner, cidr)) continue
    errors.push(field.invalid(at, inner, 'must be a strict subset of `cidr`'))
  }
  return errors
}
