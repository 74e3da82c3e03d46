// What is to be said of services that are taken. Model: k8s.io/kubernetes/pkg/api/service/warnings.go.

import type { Service } from '../../../api/generated/core-v1.ts'
import { addressWarnings, networkWarnings } from './addresses.ts'

const TOPOLOGY_HINTS = 'service.kubernetes.io/topology-aware-hints'
const TOPOLOGY_MODE = 'service.kubernetes.io/topology-mode'

export function serviceWarnings({ metadata, spec }: Service): string[] {
  const {
    type,
    clusterIP,
    clusterIPs = [],
    externalIPs = [],
    loadBalancerIP = '',
    externalName,
    trafficDistribution,
  } = spec
  const isName = type === 'ExternalName'
  const headless = type === 'ClusterIP' && clusterIP === 'None'
  const hasAddress = !isName && clusterIP !== 'None' && !!clusterIP
  const ignored = (field: string) => `${field} is ignored for headless services`
  const warnings: string[] = []
  if (metadata.annotations?.[TOPOLOGY_HINTS] !== undefined) {
    warnings.push(`annotation ${TOPOLOGY_HINTS} is deprecated, please use ${TOPOLOGY_MODE} instead`)
  }
  if (hasAddress) warnings.push(...clusterIPs.flatMap((ip, i) => addressWarnings(`spec.clusterIPs[${i}]`, ip)))
  if (headless) {
    if (loadBalancerIP !== '') warnings.push(ignored('spec.loadBalancerIP'))
    if (externalIPs.length > 0) warnings.push(ignored('spec.externalIPs'))
    if (spec.sessionAffinity !== 'None') warnings.push(ignored('spec.SessionAffinity'))
  }
  warnings.push(...externalIPs.flatMap((ip, i) => addressWarnings(`spec.externalIPs[${i}]`, ip)))
  if (externalIPs.length > 0 && !headless && !isName) {
    warnings.push('spec.externalIPs is deprecated and may no longer be implemented in some clusters')
  }
  if (loadBalancerIP !== '') warnings.push(...addressWarnings('spec.loadBalancerIP', loadBalancerIP))
  const ranges = spec.loadBalancerSourceRanges ?? []
  warnings.push(...ranges.flatMap((cidr, i) => networkWarnings(`spec.loadBalancerSourceRanges[${i}]`, cidr)))
  if (isName && externalIPs.length > 0) warnings.push('spec.externalIPs is ignored when spec.type is "ExternalName"')
  if (!isName && externalName) warnings.push('spec.externalName is ignored when spec.type is not "ExternalName"')
  if (trafficDistribution === 'PreferClose') {
    warnings.push('spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"')
  }
  return warnings
}
