// All controllers, in the order in which they start.

import type { Controller } from '../client/controller.ts'
import { clusterRoleAggregationController } from './cluster-role-aggregation.ts'
import { cronJobController } from './cron-job.ts'
import { csrApprovingController, type MayRequest } from './csr-approving.ts'
import { csrCleanerController } from './csr-cleaner.ts'
import { csrSigningController, type SignRequest } from './csr-signing.ts'
import { daemonSetController } from './daemon-set.ts'
import { deploymentController } from './deployment.ts'
import { endpointSliceController } from './endpoint-slice.ts'
import { endpointSliceMirroringController } from './endpoint-slice-mirroring.ts'
import { endpointsController } from './endpoints.ts'
import { garbageCollector } from './garbage-collector.ts'
import { jobController } from './job.ts'
import { namespaceController } from './namespace.ts'
import { nodeIpamController } from './node-ipam.ts'
import { nodeLifecycleController } from './node-lifecycle.ts'
import { podDisruptionBudgetController } from './pod-disruption-budget.ts'
import { podGarbageCollector } from './pod-gc.ts'
import { replicaSetController } from './replica-set.ts'
import { replicationController } from './replication-controller.ts'
import { resourceQuotaController } from './resource-quota.ts'
import { rootCaPublisher } from './root-ca-publisher.ts'
import { serviceAccountController } from './service-account.ts'
import { type SignServiceAccountToken, serviceAccountTokenController } from './service-account-token.ts'
import { serviceCidrController } from './service-cidrs.ts'
import { serviceLoadBalancerController } from './service-load-balancer.ts'
import { statefulSetController } from './stateful-set.ts'
import { claimProtectionController, volumeProtectionController } from './storage-protection.ts'
import { taintEvictionController } from './taint-eviction.ts'
import { ttlAfterFinishedController } from './ttl-after-finished.ts'

export type { SignServiceAccountToken } from './service-account-token.ts'

/** What depends on how the cluster is set up. */
export interface ControllerOptions {
  /** PEM text of the cluster's CA, published in every namespace. */
  readonly rootCA: string
  /** Range of pod addresses, e.g. `10.244.0.0/16`. */
  readonly clusterCidr: string
  readonly nodeCidrMaskSize: number
  /** How many ended pods may stay around; 12500 when absent. */
  readonly terminatedPodThreshold?: number
  /** Ports of the nodes that services of type LoadBalancer must not take, as `6443/TCP`. */
  readonly reservedPorts?: ReadonlySet<string>
  /** Approves and signs certificate requests; without it they wait. */
  readonly certificates?: { readonly sign: SignRequest; readonly mayRequest: MayRequest }
  /** Signs legacy tokens for secrets; without it such secrets stay empty. */
  readonly signServiceAccountToken?: SignServiceAccountToken
}

/** Everything that runs, in order. */
export function createControllers(options: ControllerOptions): readonly Controller[] {
  const { signServiceAccountToken: sign, certificates } = options
  return [
    serviceAccountController,
    ...(sign ? [serviceAccountTokenController({ rootCA: options.rootCA, sign })] : []),
    rootCaPublisher(options),
    namespaceController,
    nodeIpamController(options),
    nodeLifecycleController,
    taintEvictionController,
    replicationController,
    replicaSetController,
    deploymentController,
    daemonSetController,
    statefulSetController,
    jobController,
    cronJobController,
    podDisruptionBudgetController,
    resourceQuotaController,
    clusterRoleAggregationController,
    endpointsController,
    serviceLoadBalancerController({ reserved: options.reservedPorts ?? new Set() }),
    endpointSliceController,
    endpointSliceMirroringController,
    serviceCidrController,
    claimProtectionController,
    volumeProtectionController,
    podGarbageCollector({ threshold: options.terminatedPodThreshold ?? 12_500 }),
    ttlAfterFinishedController,
    garbageCollector,
    csrCleanerController,
    ...(certificates ? [csrApprovingController(certificates), csrSigningController(certificates)] : []),
  ]
}
