// The admission chain, in order.

import { readCertificateRequest } from '../../machinery/certificate-request.ts'
import type { Logger } from '../../machinery/logger.ts'
import type { HookObserver, PolicyObserver } from '../metrics/admission.ts'
import type { Registry } from '../registry/registry.ts'
import type { CallWebhook } from '../webhook-call.ts'
import type { WebhookClient } from '../webhook-client.ts'
import type { AdmissionPlugin } from './admission.ts'
import {
  certificateApproval,
  certificateSigning,
  certificateSubjectRestriction,
  clusterTrustBundleAttest,
} from './certificate-requests.ts'
import { persistentVolumeClaimResize } from './claim-resize.ts'
import { defaultIngressClass } from './default-ingress-class.ts'
import { defaultStorageClass } from './default-storage-class.ts'
import { defaultTolerationSeconds } from './default-toleration-seconds.ts'
import { deviceClaims } from './device-claims.ts'
import { limitRanger } from './limit-ranger.ts'
import { namespaceLifecycle } from './namespace-lifecycle.ts'
import { nodeRestriction } from './node-restriction.ts'
import { alwaysAdmit, alwaysDeny } from './optional/always.ts'
import { eventRateLimit } from './optional/event-rate-limit.ts'
import { imagePolicyWebhook } from './optional/image-policy.ts'
import { namespaceAutoProvision, namespaceExists } from './optional/namespaces.ts'
import { ownerReferencesPermissionEnforcement } from './optional/owner-references.ts'
import { alwaysPullImages } from './optional/pod-images.ts'
import {
  extendedResourceToleration,
  limitPodHardAntiAffinityTopology,
  podNodeSelector,
} from './optional/pod-placement.ts'
import { podTolerationRestriction } from './optional/pod-tolerations.ts'
import { denyServiceExternalIPs } from './optional/service-external-ips.ts'
import { podResizeValidator } from './pod-resize.ts'
import { type PodSecurityObserver, podSecurity } from './pod-security/pod-security.ts'
import { podTopologyLabels } from './pod-topology-labels.ts'
import { NOBODY, webhookConditions } from './policies/conditions.ts'
import { mutatingPolicies } from './policies/mutating.ts'
import { paramAccess } from './policies/param-access.ts'
import { validatingPolicies } from './policies/validating.ts'
import { priority } from './priority.ts'
import { type EscalationOptions, rbacEscalation } from './rbac-escalation.ts'
import { resourceQuota } from './resource-quota.ts'
import { runtimeClass } from './runtime-class.ts'
import { chosenPlugins, runs } from './selection.ts'
import { serviceAccount } from './service-account.ts'
import type { AdmissionSettings } from './settings.ts'
import { storageObjectInUseProtection } from './storage-object-in-use.ts'
import { taintNodesByCondition } from './taint-nodes-by-condition.ts'
import { mutatingWebhooks } from './webhooks/mutating.ts'
import { validatingWebhooks } from './webhooks/validating.ts'

interface Hooks {
  readonly log: Logger
  readonly observe?: HookObserver
}

/** What admission needs from outside; parts are absent where nothing is authorized and no webhooks are called. */
export interface AdmissionOptions {
  readonly escalation?: EscalationOptions
  /** Told of everything that validating policies find. */
  readonly observePolicies?: PolicyObserver
  /** Told of every level of the Pod Security Standards that is held against a pod. */
  readonly observePodSecurity?: PodSecurityObserver
  /** What is configured. */
  readonly settings?: AdmissionSettings | undefined
  readonly webhooks?: Hooks & {
    /** Calls those that change objects and those that judge them as whom they know us. */
    readonly mutating: CallWebhook
    readonly validating: CallWebhook
  }
  /** Asks who judges images. */
  readonly askImages?: WebhookClient | undefined
}

export function admissionPlugins(registry: Registry, options: AdmissionOptions = {}): readonly AdmissionPlugin[] {
  const { escalation, webhooks, settings = {} } = options
  const authorizer = escalation?.authorizer ?? NOBODY
  const hooks = webhooks && { registry, ...webhooks, conditionsMet: webhookConditions(registry, authorizer) }
  const chosen = chosenPlugins(settings.choice ?? {})
  const all = [
    alwaysAdmit,
    namespaceAutoProvision(registry),
    namespaceLifecycle(registry),
    namespaceExists(registry),
    limitPodHardAntiAffinityTopology,
    limitRanger(registry),
    serviceAccount(registry),
    nodeRestriction(registry, authorizer),
    taintNodesByCondition,
    alwaysPullImages,
    ...(settings.images && options.askImages
      ? [imagePolicyWebhook(settings.images, options.askImages, registry.clock)]
      : []),
    podSecurity(registry, options.observePodSecurity, settings.podSecurity),
    podNodeSelector(registry, settings.nodeSelectors ?? {}),
    priority(registry),
    defaultTolerationSeconds(settings.tolerationSeconds),
    podTolerationRestriction(registry, settings.tolerations ?? {}),
    eventRateLimit(settings.eventLimits ?? [], registry.clock),
    extendedResourceToleration,
    storageObjectInUseProtection,
    ownerReferencesPermissionEnforcement(registry, authorizer),
    persistentVolumeClaimResize(registry),
    runtimeClass(registry),
    ...(escalation
      ? [
          paramAccess(registry, authorizer),
          certificateApproval(authorizer),
          certificateSigning(authorizer),
          clusterTrustBundleAttest(authorizer),
          deviceClaims(registry, authorizer),
        ]
      : []),
    certificateSubjectRestriction(async (pem) => (await readCertificateRequest(pem)).organizations),
    defaultIngressClass(registry),
    denyServiceExternalIPs,
    podTopologyLabels(registry),
    defaultStorageClass(registry),
    podResizeValidator(registry),
    mutatingPolicies(registry, authorizer),
    ...(hooks ? [mutatingWebhooks({ ...hooks, call: hooks.mutating })] : []),
    // Of what all others have made of it, and before it is looked at whether it is valid.
    ...(escalation ? [rbacEscalation(registry, escalation)] : []),
    validatingPolicies(registry, authorizer, options.observePolicies),
    ...(hooks ? [validatingWebhooks({ ...hooks, call: hooks.validating })] : []),
    // Last, so that nothing is charged for a request that another plugin refuses.
    resourceQuota(registry, settings.limitedResources),
    alwaysDeny,
  ]
  return all.filter(({ name }) => runs(chosen, name))
}
