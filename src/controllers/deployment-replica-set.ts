// The ReplicaSet that a Deployment makes for a new template.

import type { ReplicaSet } from '../api/generated/apps-v1.ts'
import type { PodTemplateSpec } from '../api/generated/core-v1.ts'
import { deployments as deploymentsRef } from '../api/generated/resources.ts'
import { copy, type DeepReadonly } from '../machinery/deep-readonly.ts'
import {
  currentSize,
  nextRevision,
  type ReadDeployment,
  type ReadReplicaSet,
  replicaSetAnnotations,
  TEMPLATE_HASH,
} from './deployment-plan.ts'
import { controllerReference } from './support/owners.ts'
import { templateHash } from './support/values.ts'

/** What is to be created for the template as it is; `old` are the ReplicaSets of earlier ones. */
export function newReplicaSet(deployment: ReadDeployment, old: readonly ReadReplicaSet[]) {
  const hash = templateHash(deployment.spec.template, deployment.status.collisionCount)
  const selector = deployment.spec.selector
  const template = copy<PodTemplateSpec>(deployment.spec.template as DeepReadonly<PodTemplateSpec>)
  const labels = { ...template.metadata?.labels, [TEMPLATE_HASH]: hash }
  return {
    metadata: {
      name: `${deployment.metadata.name}-${hash}`,
      namespace: deployment.metadata.namespace,
      labels,
      annotations: replicaSetAnnotations({ deployment, existing: undefined, revision: nextRevision(old) }),
      ownerReferences: [controllerReference(deploymentsRef, deployment)],
    },
    spec: {
      replicas: currentSize(deployment, old, 0),
      ...(deployment.spec.minReadySeconds ? { minReadySeconds: deployment.spec.minReadySeconds } : {}),
      selector: {
        ...copy<ReplicaSet['spec']['selector']>(selector),
        matchLabels: { ...selector.matchLabels, [TEMPLATE_HASH]: hash },
      },
      template: { ...template, metadata: { ...template.metadata, labels } },
    },
  }
}
