// What a check of the Pod Security Standards is, and words that all of them use.

import type { Container, Pod } from '../../../api/generated/core-v1.ts'
import type { DeepReadonly } from '../../../machinery/deep-readonly.ts'

/** A pod, or the template of one. */
export type PodLike = DeepReadonly<{ metadata?: Partial<Pod['metadata']> } & Pick<Pod, 'spec'>>

/** `reason` is for lists of pods, `detail` names what in this pod is at fault. */
export interface Violation {
  readonly reason: string
  readonly detail: string
}

export type CheckPod = (pod: PodLike) => Violation | undefined

/** One check, as it is from each of some minor versions on. */
export interface Check {
  readonly id: string
  readonly versions: readonly {
    readonly since: number
    readonly check: CheckPod
    /** The baseline check that this one takes the place of. */
    readonly overrides?: string
  }[]
}

type AnyContainer = DeepReadonly<Container>

/** Every container of a pod: init containers first, ephemeral ones last. */
export function containersOf({ spec }: PodLike): readonly AnyContainer[] {
  const ephemeral = (spec.ephemeralContainers ?? []) as readonly AnyContainer[]
  return [...(spec.initContainers ?? []), ...(spec.containers ?? []), ...ephemeral]
}

export function namesOf(pod: PodLike, isBad: (container: AnyContainer) => boolean): string[] {
  return containersOf(pod)
    .filter(isBad)
    .map(({ name }) => name)
}

export function plural(one: string, count: number): string {
  return count === 1 ? one : `${one}s`
}

/** `"a", "b"`. */
export function quoted(items: readonly string[]): string {
  return items.map((item) => `"${item}"`).join(', ')
}

/** `containers "a", "b"`. */
export function containersText(names: readonly string[]): string {
  return `${plural('container', names.length)} ${quoted(names)}`
}

/** `pod and container "a"`: who sets something. */
export function settersText(byPod: boolean, containers: readonly string[], others: readonly string[] = []): string {
  return [...(byPod ? ['pod'] : []), ...(containers.length > 0 ? [containersText(containers)] : []), ...others].join(
    ' and ',
  )
}

/** Without repetitions, in order. */
export function sortedSet(items: Iterable<string>): string[] {
  return [...new Set(items)].sort()
}

/** Windows pods have none of what some checks ask for. */
export function exceptWindows(check: CheckPod): CheckPod {
  return (pod) => (pod.spec.os?.name === 'windows' ? undefined : check(pod))
}

/** Root of a user namespace is nobody outside of it. */
export function exceptUserNamespaces(check: CheckPod): CheckPod {
  return (pod) => (pod.spec.hostUsers === false ? undefined : check(pod))
}
