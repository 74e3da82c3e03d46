// Which pods of a node a drain removes, which it leaves, and which stand in its way.
// Model: k8s.io/kubectl/pkg/drain/filters.go.

import { isObject, type KubeObject } from '../object.ts'

export interface DrainRules {
  readonly force: boolean
  readonly ignoreDaemonSets: boolean
  readonly deleteEmptyDirData: boolean
  /** Pods that are being deleted for longer are passed over; 0 passes over none. */
  readonly skipDeletedAfterSeconds: number
  readonly nowMs: number
  /** What the server says of the daemon set that owns a pod: there, or why it is not. */
  readonly daemonSetProblem: (pod: KubeObject) => { readonly message: string; readonly notFound: boolean } | undefined
}

interface Verdict {
  readonly remove: boolean
  readonly warning?: string
  readonly problem?: string
}

export interface ChosenPods {
  readonly pods: readonly KubeObject[]
  /** Undefined when there is nothing to warn of. */
  readonly warnings: string | undefined
  readonly problems: readonly string[]
}

const GO_ON: Verdict = { remove: true }
const LEAVE: Verdict = { remove: false }

/** Sorts the pods of a node. */
export function choosePods(pods: readonly KubeObject[], rules: DrainRules): ChosenPods {
  const verdicts = pods.map((pod) => ({ pod, verdict: judge(pod, rules) }))
  const group = (key: 'warning' | 'problem') => {
    const names = new Map<string, string[]>()
    for (const { pod, verdict } of verdicts) {
      const text = verdict[key]
      if (text !== undefined) names.set(text, [...(names.get(text) ?? []), podName(pod)])
    }
    return [...names]
  }
  const warnings = group('warning').map(([text, names]) => `${text}: ${names.join(', ')}`)
  return {
    pods: verdicts.filter(({ verdict }) => verdict.remove).map(({ pod }) => pod),
    warnings: warnings.length === 0 ? undefined : warnings.join('; '),
    problems: group('problem').map(([text, names]) => `cannot delete ${text}: ${names.join(', ')}`),
  }
}

const podName = ({ metadata }: KubeObject) => `${metadata?.namespace}/${metadata?.name}`

/** The first rule that keeps the pod decides, else the last. */
function judge(pod: KubeObject, rules: DrainRules): Verdict {
  let verdict = GO_ON
  for (const rule of [skipDeleted, daemonSet, mirror, localStorage, unreplicated]) {
    verdict = rule(pod, rules)
    if (!verdict.remove) break
  }
  return verdict
}

const statusPhase = (pod: KubeObject) => (isObject(pod.status) ? pod.status.phase : undefined)
const finished = (pod: KubeObject) => ['Succeeded', 'Failed'].includes(String(statusPhase(pod)))

/** Kind of the pod's controller. */
export function controllerOf(pod: KubeObject): { readonly kind?: string; readonly name?: string } | undefined {
  const owners = pod.metadata?.ownerReferences
  return Array.isArray(owners) ? owners.filter(isObject).find((owner) => owner.controller === true) : undefined
}

function skipDeleted({ metadata }: KubeObject, { skipDeletedAfterSeconds, nowMs }: DrainRules): Verdict {
  if (skipDeletedAfterSeconds <= 0 || metadata?.deletionTimestamp === undefined) return GO_ON
  const age = (nowMs - Date.parse(metadata.deletionTimestamp)) / 1000
  return age > skipDeletedAfterSeconds ? LEAVE : GO_ON
}

function daemonSet(pod: KubeObject, { force, ignoreDaemonSets, daemonSetProblem }: DrainRules): Verdict {
  if (controllerOf(pod)?.kind !== 'DaemonSet' || finished(pod)) return GO_ON
  const problem = daemonSetProblem(pod)
  if (problem !== undefined) {
    return problem.notFound && force
      ? { remove: true, warning: problem.message }
      : { remove: false, problem: problem.message }
  }
  return ignoreDaemonSets
    ? { remove: false, warning: 'ignoring DaemonSet-managed Pods' }
    : { remove: false, problem: 'DaemonSet-managed Pods (use --ignore-daemonsets to ignore)' }
}

function mirror({ metadata }: KubeObject): Verdict {
  return metadata?.annotations?.['kubernetes.io/config.mirror'] === undefined ? GO_ON : LEAVE
}

function localStorage(pod: KubeObject, { deleteEmptyDirData }: DrainRules): Verdict {
  const volumes = isObject(pod.spec) && Array.isArray(pod.spec.volumes) ? pod.spec.volumes.filter(isObject) : []
  if (!volumes.some((volume) => volume.emptyDir !== undefined) || finished(pod)) return GO_ON
  return deleteEmptyDirData
    ? { remove: true, warning: 'deleting Pods with local storage' }
    : { remove: false, problem: 'Pods with local storage (use --delete-emptydir-data to override)' }
}

function unreplicated(pod: KubeObject, { force }: DrainRules): Verdict {
  if (finished(pod) || controllerOf(pod) !== undefined) return GO_ON
  return force
    ? { remove: true, warning: 'deleting Pods that declare no controller' }
    : { remove: false, problem: 'cannot delete Pods that declare no controller (use --force to override)' }
}
