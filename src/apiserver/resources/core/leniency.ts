// What an update lets be because the old object had it already: rules that came after objects that break them.
// Model: PodValidationOptions of k8s.io/kubernetes/pkg/apis/core/validation.

/** Which rules on pods are not applied. */
export interface PodLeniency {
  /** Values of labels in the selectors of affinities, and in those of workloads. */
  readonly selectorValues: boolean
  /** Values of labels in the required affinity to nodes. */
  readonly nodeAffinityValues: boolean
  /** Label selectors of constraints on the spread of pods. */
  readonly spreadSelectors: boolean
  /** matchLabelKeys of constraints on the spread of pods: those from before they were merged follow an older rule. */
  readonly spreadKeys: boolean
  /** Paths of projected tokens. */
  readonly tokenPaths: boolean
  /** Sysctls of a namespace that the pod shares with its node. */
  readonly hostSysctls: boolean
  /** Amounts of huge pages that are no whole number of pages. */
  readonly hugePages: boolean
  /** Block devices of a pod with users of its own. */
  readonly userDevices: boolean
  /** Policies of resizing that restart init containers, which never are resized. */
  readonly initRestarts: boolean
  /** The annotation that says what it costs to delete the pod. */
  readonly deletionCost: boolean
}

/** All rules apply. */
export const STRICT: PodLeniency = {
  selectorValues: false,
  nodeAffinityValues: false,
  spreadSelectors: false,
  spreadKeys: false,
  tokenPaths: false,
  hostSysctls: false,
  hugePages: false,
  userDevices: false,
  initRestarts: false,
  deletionCost: false,
}
