// The admission chain, in order.

import type { Registry } from '../registry/registry.ts'
import type { AdmissionPlugin } from './admission.ts'
import { defaultTolerationSeconds } from './default-toleration-seconds.ts'
import { namespaceLifecycle } from './namespace-lifecycle.ts'
import { priority } from './priority.ts'
import { serviceAccount } from './service-account.ts'

export function admissionPlugins(registry: Registry): readonly AdmissionPlugin[] {
  return [namespaceLifecycle(registry), serviceAccount(registry), defaultTolerationSeconds, priority(registry)]
}
