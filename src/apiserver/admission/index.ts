// The admission chain, in order.

import { readCertificateRequest } from '../../machinery/certificate-request.ts'
import type { Logger } from '../../machinery/logger.ts'
import type { HookObserver, PolicyObserver } from '../metrics/admission.ts'
import type { Registry } from '../registry/registry.ts'
import type { CallWebhook } from '../webhook-call.ts'
import type { AdmissionPlugin } from './admission.ts'
import { certificateApprovalAndSigning, certificateSubjectRestriction } from './certificate-requests.ts'
import { persistentVolumeClaimResize } from './claim-resize.ts'
import { defaultIngressClass } from './default-ingress-class.ts'
import { defaultStorageClass } from './default-storage-class.ts'
import { defaultTolerationSeconds } from './default-toleration-seconds.ts'
import { deviceClaims } from './device-claims.ts'
import { limitRanger } from './limit-ranger.ts'
import { namespaceLifecycle } from './namespace-lifecycle.ts'
import { nodeRestriction } from './node-restriction.ts'
import type { PodSecuritySettings } from './pod-security/configuration.ts'
import { type PodSecurityObserver, podSecurity } from './pod-security/pod-security.ts'
import { podTopologyLabels } from './pod-topology-labels.ts'
import { NOBODY, webhookConditions } from './policies/conditions.ts'
import { mutatingPolicies } from './policies/mutating.ts'
import { paramAccess } from './policies/param-access.ts'
import { validatingPolicies } from './policies/validating.ts'
import { priority } from './priority.ts'
import { type EscalationOptions, rbacEscalation } from './rbac-escalation.ts'
import { resourceQuota } from './resource-quota.ts'
import type { LimitedResource } from './resource-quota-limits.ts'
import { runtimeClass } from './runtime-class.ts'
import { serviceAccount } from './service-account.ts'
import { storageObjectInUseProtection } from './storage-object-in-use.ts'
import { taintNodesByCondition } from './taint-nodes-by-condition.ts'
import { mutatingWebhooks } from './webhooks/mutating.ts'
import { validatingWebhooks } from './webhooks/validating.ts'

/** What admission needs from outside; parts are absent where nothing is authorized and no webhooks are called. */
export interface AdmissionOptions {
  readonly escalation?: EscalationOptions
  /** Told of everything that validating policies find. */
  readonly observePolicies?: PolicyObserver
  /** Told of every level of the Pod Security Standards that is held against a pod. */
  readonly observePodSecurity?: PodSecurityObserver
  /** Of pods whose namespaces say nothing, and of those who are exempt. */
  readonly podSecuritySettings?: PodSecuritySettings | undefined
  /** What no namespace may use up without a quota. */
  readonly limitedResources?: readonly LimitedResource[] | undefined
  readonly webhooks?: { readonly call: CallWebhook; readonly log: Logger; readonly observe?: HookObserver }
}

export function admissionPlugins(
  registry: Registry,
  {
    escalation,
    observePolicies,
    observePodSecurity,
    podSecuritySettings,
    limitedResources,
    webhooks,
  }: AdmissionOptions = {},
): readonly AdmissionPlugin[] {
  const authorizer = escalation?.authorizer ?? NOBODY
  const hooks = webhooks && { registry, ...webhooks, conditionsMet: webhookConditions(registry, authorizer) }
  return [
    namespaceLifecycle(registry),
    limitRanger(registry),
    serviceAccount(registry),
    nodeRestriction(registry),
    taintNodesByCondition,
    podSecurity(registry, observePodSecurity, podSecuritySettings),
    priority(registry),
    defaultTolerationSeconds,
    storageObjectInUseProtection,
    persistentVolumeClaimResize(registry),
    runtimeClass(registry),
    ...(escalation
      ? [
          paramAccess(registry, escalation.authorizer),
          certificateApprovalAndSigning(escalation.authorizer),
          deviceClaims(registry, escalation.authorizer),
        ]
      : []),
    certificateSubjectRestriction(async (pem) => (await readCertificateRequest(pem)).organizations),
    defaultIngressClass(registry),
    podTopologyLabels(registry),
    defaultStorageClass(registry),
    mutatingPolicies(registry, authorizer),
    ...(hooks ? [mutatingWebhooks(hooks)] : []),
    // Of what all others have made of it, and before it is looked at whether it is valid.
    ...(escalation ? [rbacEscalation(registry, escalation)] : []),
    validatingPolicies(registry, authorizer, observePolicies),
    ...(hooks ? [validatingWebhooks(hooks)] : []),
    // Last, so that nothing is charged for a request that another plugin refuses.
    resourceQuota(registry, limitedResources),
  ]
}
