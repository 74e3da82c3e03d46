// deployments, daemon sets, replica sets and stateful sets as extensions/v1beta1, apps/v1beta1 and apps/v1beta2.
// Model: k8s.io/kubernetes/pkg/apis/{extensions,apps}/v1beta*/{defaults,conversion}.go.

import { annotate, type LegacyConversion, part, takeAnnotation, withSpec } from './conversion.ts'
import { isRecord, type StoredVersion, type VersionedObject } from './versioned-object.ts'

type Json = Record<string, unknown>

/** Names the revision that a deployment is to be rolled back to. */
export const ROLLBACK_TO = 'deprecated.deployment.rollback.to'
const TEMPLATE_GENERATION = 'deprecated.daemonset.template.generation'
const UNSET = 2147483647

/** Selector and labels come from the template where they are not given. */
function labelsFromTemplate(object: VersionedObject): void {
  const spec = part(object, 'spec')
  const { labels } = part(part(spec, 'template'), 'metadata')
  if (!isRecord(labels) || Object.keys(labels).length === 0) return
  spec.selector ??= { matchLabels: { ...labels } }
  const own = object.metadata.labels ?? {}
  if (Object.keys(own).length === 0) object.metadata.labels = { ...labels } as Record<string, string>
  object.spec = spec
}

/** The update strategy under `name`, of the default type when none is given. */
function strategyOf(spec: Json, name: string, type: string): Json {
  const strategy = isRecord(spec[name]) ? spec[name] : {}
  strategy.type ||= type
  spec[name] = strategy
  return strategy
}

function fillRollingUpdate(strategy: Json, defaults: Json): void {
  if (strategy.type !== 'RollingUpdate') return
  strategy.rollingUpdate = { ...defaults, ...part(strategy, 'rollingUpdate') }
}

function rollbackToStorage(object: VersionedObject): VersionedObject {
  const { rollbackTo, ...spec } = part(object, 'spec')
  if (!isRecord(rollbackTo)) return object
  const revision = String(rollbackTo.revision ?? 0)
  return { ...object, spec, metadata: annotate(object.metadata, ROLLBACK_TO, revision) }
}

function rollbackFromStorage(object: StoredVersion): VersionedObject {
  const { value, metadata } = takeAnnotation(object.metadata as VersionedObject['metadata'], ROLLBACK_TO)
  const plain = object as VersionedObject
  if (value === undefined || !/^\d+$/.test(value)) return plain
  const revision = Number(value)
  const rollbackTo = revision === 0 ? {} : { revision }
  return { ...withSpec(plain, { ...part(plain, 'spec'), rollbackTo }), metadata }
}

interface DeploymentDefaults {
  readonly rollingUpdate: Json
  readonly revisionHistoryLimit: number
  readonly progressDeadlineSeconds: number
  readonly labels: boolean
  readonly rollback: boolean
}

function deployments(defaults: DeploymentDefaults): LegacyConversion {
  return {
    toStorage(object) {
      if (defaults.labels) labelsFromTemplate(object)
      const spec = part(object, 'spec')
      fillRollingUpdate(strategyOf(spec, 'strategy', 'RollingUpdate'), defaults.rollingUpdate)
      spec.revisionHistoryLimit ??= defaults.revisionHistoryLimit
      spec.progressDeadlineSeconds ??= defaults.progressDeadlineSeconds
      const filled = withSpec(object, spec)
      return defaults.rollback ? rollbackToStorage(filled) : filled
    },
    ...(defaults.rollback ? { fromStorage: rollbackFromStorage } : {}),
  }
}

const fromTemplate: LegacyConversion = {
  toStorage(object) {
    labelsFromTemplate(object)
    return object
  },
}

const oldDaemonSets: LegacyConversion = {
  toStorage(object) {
    labelsFromTemplate(object)
    const { templateGeneration, ...spec } = part(object, 'spec')
    fillRollingUpdate(strategyOf(spec, 'updateStrategy', 'OnDelete'), { maxUnavailable: 1 })
    const filled = withSpec(object, spec)
    if (typeof templateGeneration !== 'number') return filled
    return { ...filled, metadata: annotate(object.metadata, TEMPLATE_GENERATION, String(templateGeneration)) }
  },
  fromStorage(object) {
    const { value, metadata } = takeAnnotation(object.metadata as VersionedObject['metadata'], TEMPLATE_GENERATION)
    const plain = object as VersionedObject
    if (value === undefined || !/^\d+$/.test(value)) return plain
    return { ...withSpec(plain, { ...part(plain, 'spec'), templateGeneration: Number(value) }), metadata }
  },
}

const oldStatefulSets: LegacyConversion = {
  toStorage(object) {
    labelsFromTemplate(object)
    const spec = part(object, 'spec')
    strategyOf(spec, 'updateStrategy', 'OnDelete')
    return withSpec(object, spec)
  },
}

const QUARTERS = { maxUnavailable: '25%', maxSurge: '25%' }

/** By group, version and resource. */
export const workloadConversions: Readonly<Record<string, LegacyConversion>> = {
  'extensions/v1beta1/deployments': deployments({
    rollingUpdate: { maxUnavailable: 1, maxSurge: 1 },
    revisionHistoryLimit: UNSET,
    progressDeadlineSeconds: UNSET,
    labels: true,
    rollback: true,
  }),
  'extensions/v1beta1/daemonsets': oldDaemonSets,
  'extensions/v1beta1/replicasets': fromTemplate,
  'apps/v1beta1/deployments': deployments({
    rollingUpdate: QUARTERS,
    revisionHistoryLimit: 2,
    progressDeadlineSeconds: 600,
    labels: true,
    rollback: true,
  }),
  'apps/v1beta1/statefulsets': oldStatefulSets,
  // apps/v1beta2 had today's defaults.
}
