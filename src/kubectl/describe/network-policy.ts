// Network policies.

import type { NetworkPolicy, NetworkPolicyPeer, NetworkPolicyPort } from '../../api/generated/networking-v1.ts'
import { as, type Describer } from './describer.ts'
import { plainDateText, printLabelsAndAnnotations, printName, selectorTextOrNone } from './format.ts'
import type { PrefixWriter } from './writer.ts'

const INDENT = '    '

interface Rule {
  readonly ports: readonly NetworkPolicyPort[]
  readonly peers: readonly NetworkPolicyPeer[]
}

interface Direction {
  readonly word: 'From' | 'To'
  readonly isolated: string
  readonly anyone: string
}

const INGRESS: Direction = {
  word: 'From',
  isolated: '<none> (Selected pods are isolated for ingress connectivity)',
  anyone: 'From: <any> (traffic not restricted by source)',
}
const EGRESS: Direction = {
  word: 'To',
  isolated: '<none> (Selected pods are isolated for egress connectivity)',
  anyone: 'To: <any> (traffic not restricted by destination)',
}

export const describeNetworkPolicy: Describer = (object, w) => {
  const { metadata, spec } = as<NetworkPolicy>(object)
  printName(w, metadata)
  w.line(0, `Created on:\t${plainDateText(metadata.creationTimestamp)}`)
  printLabelsAndAnnotations(w, metadata)
  w.line(0, 'Spec:')
  w.write(1, 'PodSelector: ')
  const { matchLabels = {}, matchExpressions = [] } = spec.podSelector ?? {}
  const all = Object.keys(matchLabels).length + matchExpressions.length === 0
  const everything = '<none> (Allowing the specific traffic to all pods in this namespace)'
  w.line(2, all ? everything : selectorTextOrNone(spec.podSelector))
  const types = spec.policyTypes ?? []
  if (types.includes('Ingress')) {
    w.line(1, 'Allowing ingress traffic:')
    const rules = (spec.ingress ?? []).map((rule) => ({ ports: rule.ports ?? [], peers: rule.from ?? [] }))
    printRules(w, rules, INGRESS)
  } else {
    w.line(1, 'Not affecting ingress traffic')
  }
  if (types.includes('Egress')) {
    w.line(1, 'Allowing egress traffic:')
    const rules = (spec.egress ?? []).map((rule) => ({ ports: rule.ports ?? [], peers: rule.to ?? [] }))
    printRules(w, rules, EGRESS)
  } else {
    w.line(1, 'Not affecting egress traffic')
  }
  w.line(1, `Policy Types: ${types.join(', ') || '<none>'}`)
}

function printRules(w: PrefixWriter, rules: readonly Rule[], direction: Direction): void {
  if (rules.length === 0) w.line(0, `${INDENT}${direction.isolated}`)
  rules.forEach(({ ports, peers }, i) => {
    if (ports.length === 0) w.line(0, `${INDENT}To Port: <any> (traffic allowed to all ports)`)
    for (const { port = '<nil>', endPort, protocol = 'TCP' } of ports) {
      if (endPort === undefined) w.line(0, `${INDENT}To Port: ${port}/${protocol}`)
      else w.line(0, `${INDENT}To Port Range: ${port}-${endPort}/${protocol}`)
    }
    if (peers.length === 0) w.line(0, `${INDENT}${direction.anyone}`)
    for (const peer of peers) {
      w.line(0, `${INDENT}${direction.word}:`)
      printPeer(w, peer)
    }
    if (i < rules.length - 1) w.line(0, `${INDENT}----------`)
  })
}

function printPeer(w: PrefixWriter, { podSelector, namespaceSelector, ipBlock }: NetworkPolicyPeer): void {
  if (namespaceSelector) w.line(1, `${INDENT}NamespaceSelector: ${selectorTextOrNone(namespaceSelector)}`)
  if (podSelector) w.line(1, `${INDENT}PodSelector: ${selectorTextOrNone(podSelector)}`)
  if (podSelector || namespaceSelector || !ipBlock) return
  w.line(1, `${INDENT}IPBlock:`)
  w.line(2, `${INDENT}CIDR: ${ipBlock.cidr}`)
  w.line(2, `${INDENT}Except: ${(ipBlock.except ?? []).join(', ')}`)
}
