// Finds a pod's containers by name, or the one that is meant when none is named.
// Model: k8s.io/kubectl/pkg/cmd/util/podcmd.

import { KubectlError } from '../errors.ts'
import { isObject, type KubeObject } from '../object.ts'

export const DEFAULT_CONTAINER = 'kubectl.kubernetes.io/default-container'

export interface Container {
  readonly name: string
  readonly image?: string
  readonly tty?: boolean
  readonly [key: string]: unknown
}

type Kind = 'containers' | 'initContainers' | 'ephemeralContainers'

/** The containers of one kind. */
export function containersOf(pod: KubeObject, kind: Kind): Container[] {
  const list = isObject(pod.spec) ? pod.spec[kind] : undefined
  return Array.isArray(list) ? (list as Container[]) : []
}

/** The container of that name, of whatever kind. */
export function findContainer(pod: KubeObject, name: string): Container | undefined {
  const kinds: Kind[] = ['containers', 'initContainers', 'ephemeralContainers']
  return kinds.flatMap((kind) => containersOf(pod, kind)).find((c) => c.name === name)
}

/** `a, b, debug (ephem), setup (init)` */
function allContainerNames(pod: KubeObject): string {
  return [
    ...containersOf(pod, 'containers').map((c) => c.name),
    ...containersOf(pod, 'ephemeralContainers').map((c) => `${c.name} (ephem)`),
    ...containersOf(pod, 'initContainers').map((c) => `${c.name} (init)`),
  ].join(', ')
}

/** Whether somebody could have meant another container than the first. */
function hasSeveralContainers(pod: KubeObject): boolean {
  const [more, init, ephemeral] = [
    containersOf(pod, 'containers').length > 1,
    containersOf(pod, 'initContainers').length > 0,
    containersOf(pod, 'ephemeralContainers').length > 0,
  ]
  return more || init || ephemeral
}

/** The container named, or the pod's default one; `say` is told which was taken. Throws KubectlError. */
export function containerOrDefault(pod: KubeObject, name: string, say?: (text: string) => void): Container {
  const [first] = containersOf(pod, 'containers')
  const { namespace = '', name: podName = '', annotations } = pod.metadata ?? {}
  if (first === undefined) throw new KubectlError(`pod ${namespace}/${podName} does not have any containers`)
  const wanted = name === '' ? (annotations?.[DEFAULT_CONTAINER] ?? '') : name
  if (wanted !== '') {
    const found = findContainer(pod, wanted)
    if (found) return found
    throw new KubectlError(`container ${wanted} not found in pod ${podName}`)
  }
  if (hasSeveralContainers(pod)) {
    say?.(`Defaulted container ${JSON.stringify(first.name)} out of: ${allContainerNames(pod)}\n`)
  }
  return first
}

export function noSuchContainer(pod: KubeObject, name: string): KubectlError {
  return new KubectlError(`container ${name} is not valid for pod ${pod.metadata?.name}`)
}
