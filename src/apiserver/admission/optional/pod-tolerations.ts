// PodTolerationRestriction: namespaces say what their pods tolerate, and what they may.

import type { Namespace, Toleration } from '../../../api/generated/core-v1.ts'
import { notFound, serverProblem } from '../../../machinery/errors.ts'
import { sameJson } from '../../../machinery/same-json.ts'
import type { Registry } from '../../registry/registry.ts'
import { qosClass } from '../../resources/core/pod.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.ts'
import { writtenPod } from './pods.ts'

/** What holds in namespaces that say nothing. */
export interface TolerationSettings {
  readonly default?: readonly Toleration[]
  readonly whitelist?: readonly Toleration[]
}

const DEFAULTS = 'scheduler.alpha.kubernetes.io/defaultTolerations'
const WHITELIST = 'scheduler.alpha.kubernetes.io/tolerationsWhitelist'
const MEMORY: Toleration = { key: 'node.kubernetes.io/memory-pressure', operator: 'Exists', effect: 'NoSchedule' }

export function podTolerationRestriction(registry: Registry, settings: TolerationSettings): AdmissionPlugin {
  return {
    name: 'PodTolerationRestriction',
    admit: (attributes) => (writtenPod(attributes) ? add(attributes) : undefined),
    validate: (attributes) => (writtenPod(attributes)?.spec.tolerations?.length ? check(attributes) : undefined),
  }

  async function add(attributes: AdmissionAttributes): Promise<void> {
    const pod = writtenPod(attributes)
    if (!pod) return
    const isNew = attributes.operation === 'CREATE'
    const extra = isNew ? ((await said(attributes.namespace, DEFAULTS)) ?? settings.default ?? []) : []
    const all = qosClass(pod) === 'BestEffort' ? extra : [...extra, MEMORY]
    if (all.length > 0) pod.spec.tolerations = merged([...(pod.spec.tolerations ?? []), ...all])
    await check(attributes)
  }

  async function check(attributes: AdmissionAttributes): Promise<void> {
    const tolerations = writtenPod(attributes)?.spec.tolerations ?? []
    if (tolerations.length === 0) return
    const own = await said(attributes.namespace, WHITELIST)
    const allowed = own ?? settings.whitelist ?? []
    if (allowed.length === 0 || tolerations.every((one) => allowed.some((other) => covers(other, one)))) return
    throw serverProblem(
      `pod tolerations (possibly merged with namespace default tolerations) conflict with its ${own ? 'namespace' : 'cluster'} whitelist`,
    )
  }

  async function said(name: string, annotation: string): Promise<readonly Toleration[] | undefined> {
    const namespace = await registry.lookup<Namespace>('', 'namespaces', '', name)
    if (!namespace) throw notFound({ group: '', resource: 'namespaces' }, name)
    const text = namespace.metadata.annotations?.[annotation]
    if (text === undefined) return undefined
    return text === '' ? [] : parsed(text)
  }
}

function parsed(text: string): readonly Toleration[] {
  try {
    return (JSON.parse(text) ?? []) as Toleration[]
  } catch (cause) {
    throw serverProblem(cause instanceof Error ? cause.message : String(cause), { cause })
  }
}

/** Without what others cover. Model: MergeTolerations. */
function merged(all: readonly Toleration[]): Toleration[] {
  const kept: Toleration[] = []
  for (const [at, one] of all.entries()) {
    const later = all.slice(at + 1)
    if (kept.some((other) => covers(other, one))) continue
    if (later.some((other) => !sameJson(one, other) && covers(other, one))) continue
    kept.push(one)
  }
  return kept
}

/** Whether what tolerates `one` is all that `wide` tolerates. Model: isSuperset. */
function covers(wide: Toleration, one: Toleration): boolean {
  if (sameJson(wide, one)) return true
  const { key = '', operator = '', effect = '' } = wide
  if ((one.key ?? '') !== key && (key !== '' || operator !== 'Exists')) return false
  if ((one.effect ?? '') !== effect && effect !== '') return false
  if (effect === 'NoExecute' && wide.tolerationSeconds !== undefined) {
    if (one.tolerationSeconds === undefined || one.tolerationSeconds > wide.tolerationSeconds) return false
  }
  if (operator === 'Exists') return true
  return (
    (operator === 'Equal' || operator === '') && one.operator === 'Equal' && (one.value ?? '') === (wide.value ?? '')
  )
}
