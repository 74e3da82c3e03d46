// The admission chain, in order.

import { readCertificateRequest } from '../../machinery/certificate-request.ts'
import type { Registry } from '../registry/registry.ts'
import type { AdmissionPlugin } from './admission.ts'
import { certificateApprovalAndSigning, certificateSubjectRestriction } from './certificate-requests.ts'
import { defaultTolerationSeconds } from './default-toleration-seconds.ts'
import { namespaceLifecycle } from './namespace-lifecycle.ts'
import { nodeRestriction } from './node-restriction.ts'
import { priority } from './priority.ts'
import { type EscalationOptions, rbacEscalation } from './rbac-escalation.ts'
import { serviceAccount } from './service-account.ts'

/** `escalation` is absent where nothing is authorized. */
export function admissionPlugins(registry: Registry, escalation?: EscalationOptions): readonly AdmissionPlugin[] {
  return [
    namespaceLifecycle(registry),
    nodeRestriction(registry),
    serviceAccount(registry),
    defaultTolerationSeconds,
    priority(registry),
    certificateSubjectRestriction(async (pem) => (await readCertificateRequest(pem)).organizations),
    ...(escalation ? [rbacEscalation(registry, escalation), certificateApprovalAndSigning(escalation.authorizer)] : []),
  ]
}
