// Decides what a deployment becomes when it is asked, by annotation, to go back to an earlier revision.
// Model: k8s.io/kubernetes/pkg/controller/deployment/rollback.go.

import type { PodTemplateSpec } from '../api/generated/core-v1.ts'
import { copy, type DeepReadonly } from '../machinery/deep-readonly.ts'
import {
  isCopied,
  type ReadDeployment,
  type ReadReplicaSet,
  revisionOf,
  sameTemplate,
  TEMPLATE_HASH,
} from './deployment-plan.ts'

const ROLLBACK_TO = 'deprecated.deployment.rollback.to'

/** The deployment to write, and what to tell about it. */
export interface Rollback {
  readonly deployment: ReadDeployment
  readonly event: { readonly type: 'Normal' | 'Warning'; readonly reason: string; readonly message: string }
}

/** Undefined when no rollback is asked for. The request is taken off the deployment in every case. */
export function planRollback(deployment: ReadDeployment, all: readonly ReadReplicaSet[]): Rollback | undefined {
  const asked = deployment.metadata.annotations?.[ROLLBACK_TO]
  if (asked === undefined || !/^\d+$/.test(asked)) return undefined
  const { [ROLLBACK_TO]: _, ...annotations } = deployment.metadata.annotations ?? {}
  const settled = { ...deployment, metadata: { ...deployment.metadata, annotations } }
  const warn = (reason: string, message: string): Rollback => ({
    deployment: settled,
    event: { type: 'Warning', reason, message },
  })
  const revision = Number(asked) === 0 ? lastRevision(all) : Number(asked)
  if (revision === 0) return warn('DeploymentRollbackRevisionNotFound', 'Unable to find last revision.')
  const wanted = all.find((rs) => revisionOf(rs) === revision)
  if (!wanted) return warn('DeploymentRollbackRevisionNotFound', 'Unable to find the revision to rollback to.')
  const name = JSON.stringify(deployment.metadata.name)
  if (sameTemplate(wanted.spec.template, deployment.spec.template)) {
    return warn(
      'DeploymentRollbackTemplateUnchanged',
      `The rollback revision contains the same template as current deployment ${name}`,
    )
  }
  return {
    deployment: {
      ...settled,
      metadata: { ...settled.metadata, annotations: annotationsOf(annotations, wanted) },
      spec: { ...deployment.spec, template: templateOf(wanted) },
    },
    event: {
      type: 'Normal',
      reason: 'DeploymentRollback',
      message: `Rolled back deployment ${name} to revision ${revision}`,
    },
  }
}

/** The revision before the newest; 0 when there is none. */
function lastRevision(all: readonly ReadReplicaSet[]): number {
  return all.map(revisionOf).sort((a, b) => b - a)[1] ?? 0
}

/** What belongs to the deployment stays, all else comes from the revision. */
function annotationsOf(own: Readonly<Record<string, string>>, wanted: ReadReplicaSet): Record<string, string> {
  const kept = Object.entries(own).filter(([key]) => !isCopied(key))
  const taken = Object.entries(wanted.metadata.annotations ?? {}).filter(([key]) => isCopied(key))
  return Object.fromEntries([...kept, ...taken])
}

function templateOf(wanted: ReadReplicaSet): PodTemplateSpec {
  const template = copy<PodTemplateSpec>(wanted.spec.template as DeepReadonly<PodTemplateSpec>)
  const { [TEMPLATE_HASH]: _, ...labels } = template.metadata?.labels ?? {}
  return { ...template, metadata: { ...template.metadata, labels } }
}
