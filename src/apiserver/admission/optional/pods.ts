// What plugins of pods have in common.

import type { Pod } from '../../../api/generated/core-v1.ts'
import type { AdmissionAttributes } from '../admission.ts'

/** The pod that is written as a whole by one of the operations. */
export function writtenPod(
  { operation, resource, subresource, object }: AdmissionAttributes,
  operations: readonly string[] = ['CREATE', 'UPDATE'],
): Pod | undefined {
  if (resource.group !== '' || resource.resource !== 'pods' || subresource !== '') return undefined
  return operations.includes(operation) ? (object as unknown as Pod) : undefined
}

/** All containers of a pod, each with its path. */
export function containersOf({ spec }: Pod): readonly (readonly [path: string, container: Container])[] {
  const at = (name: 'initContainers' | 'containers' | 'ephemeralContainers') =>
    ((spec[name] ?? []) as Container[]).map((container, index) => [`spec.${name}[${index}]`, container] as const)
  return [...at('initContainers'), ...at('containers'), ...at('ephemeralContainers')]
}

interface Container {
  readonly image?: string
  imagePullPolicy?: string
}
