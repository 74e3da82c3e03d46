// What admission plugins are configured to do.

import type { DefaultTolerations } from './default-toleration-seconds.ts'
import type { EventLimit } from './optional/event-rate-limit.ts'
import type { ImagePolicySettings } from './optional/image-policy.ts'
import type { NodeSelectors } from './optional/pod-placement.ts'
import type { TolerationSettings } from './optional/pod-tolerations.ts'
import type { PodSecuritySettings } from './pod-security/configuration.ts'
import type { LimitedResource } from './resource-quota-limits.ts'
import type { PluginChoice } from './selection.ts'

export interface AdmissionSettings {
  readonly choice?: PluginChoice
  readonly tolerationSeconds?: DefaultTolerations
  /** Of pods whose namespaces say nothing, and of those who are exempt. */
  readonly podSecurity?: PodSecuritySettings
  /** What no namespace may use up without a quota. */
  readonly limitedResources?: readonly LimitedResource[]
  readonly eventLimits?: readonly EventLimit[]
  readonly nodeSelectors?: NodeSelectors
  readonly tolerations?: TolerationSettings
  /** Kubeconfigs that say who the server is to webhooks. */
  readonly mutatingKubeconfig?: string
  readonly validatingKubeconfig?: string
  readonly images?: ImagePolicySettings
}
