// Values of the downward API: fieldRef and resourceFieldRef, for environment variables and files.

import type { ObjectFieldSelector, ResourceFieldSelector } from '../../api/generated/core-v1.ts'
import type { DeepReadonly } from '../../machinery/deep-readonly.ts'
import { milliValue } from '../quantity.ts'
import { type ApiPod, allContainersOf } from './types.ts'

/** What the values come from beside the pod itself. */
export interface FieldContext {
  readonly pod: ApiPod
  readonly podIPs: readonly string[]
  readonly hostIPs: readonly string[]
  /** Node allocatable: stands in for limits that are not set. */
  readonly allocatable: Readonly<Record<string, string>>
}

function formatMap(map: Readonly<Record<string, string>> | undefined): string {
  return Object.entries(map ?? {})
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, value]) => `${key}=${JSON.stringify(value)}`)
    .join('\n')
}

/** The value of a pod field, e.g. `metadata.labels['app']` or `status.podIP`. */
export function fieldValue(selector: DeepReadonly<ObjectFieldSelector>, context: FieldContext): string {
  const { metadata, spec } = context.pod
  const subscript = /^metadata\.(labels|annotations)\['(.*)'\]$/.exec(selector.fieldPath)
  if (subscript) return metadata[subscript[1] as 'labels' | 'annotations']?.[subscript[2] ?? ''] ?? ''
  switch (selector.fieldPath) {
    case 'metadata.name':
      return metadata.name
    case 'metadata.namespace':
      return metadata.namespace
    case 'metadata.uid':
      return metadata.uid
    case 'metadata.labels':
      return formatMap(metadata.labels)
    case 'metadata.annotations':
      return formatMap(metadata.annotations)
    case 'spec.nodeName':
      return spec.nodeName ?? ''
    case 'spec.serviceAccountName':
      return spec.serviceAccountName ?? ''
    case 'spec.host':
      return spec.nodeName ?? ''
    case 'status.hostIP':
      return context.hostIPs[0] ?? ''
    case 'status.hostIPs':
      return context.hostIPs.join(',')
    case 'status.podIP':
      return context.podIPs[0] ?? ''
    case 'status.podIPs':
      return context.podIPs.join(',')
    default:
      throw new Error(`unsupported fieldPath: ${selector.fieldPath}`)
  }
}

/** The value of a container resource, divided and rounded up, e.g. `limits.cpu` with divisor `1m`. */
export function resourceFieldValue(
  selector: DeepReadonly<ResourceFieldSelector>,
  defaultContainer: string,
  context: FieldContext,
): string {
  const name = selector.containerName || defaultContainer
  const container = allContainersOf(context.pod).find((c) => c.name === name)
  if (!container) throw new Error(`container ${name} not found`)
  const match = /^(limits|requests)\.(.+)$/.exec(selector.resource)
  if (!match?.[2]) throw new Error(`unsupported container resource : ${selector.resource}`)
  const [, kind, resource] = match
  const set = kind === 'limits' ? container.resources?.limits : container.resources?.requests
  const fallback = kind === 'limits' ? context.allocatable[resource] : container.resources?.limits?.[resource]
  const divisor = milliValue(selector.divisor) || 1000
  return String(Math.ceil(milliValue(set?.[resource] ?? fallback) / divisor))
}
