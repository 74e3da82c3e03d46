// The admission chain, in order.

import type { Registry } from '../registry/registry.ts'
import type { AdmissionPlugin } from './admission.ts'
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
    ...(escalation ? [rbacEscalation(registry, escalation)] : []),
  ]
}
