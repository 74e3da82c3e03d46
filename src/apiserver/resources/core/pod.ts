// pods. Spec: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/

import type { Pod, PodCondition } from '../../../api/generated/core-v1.ts'
import { formatTime } from '../../../machinery/clock.ts'
import { defineResource } from '../../resource-definition.ts'
import { podColumns } from '../columns/pod.ts'
import { applyAppArmorAnnotations } from './app-armor.ts'
import { leniently } from './old-pod.ts'
import { defaultPod } from './pod-defaults.ts'
import { applyLabelKeys } from './pod-label-keys.ts'
import {
  alignAddresses,
  keepGenerations,
  validateAnnotationUpdate,
  validateEphemeralContainers,
  validatePodStatus,
} from './pod-status.ts'
import { validatePodUpdate } from './pod-update.ts'
import { validateNewPod, validatePod } from './pod-validation.ts'

/** Guaranteed, Burstable or BestEffort. Spec: https://kubernetes.io/docs/concepts/workloads/pods/pod-qos/ */
export function qosClass(pod: Pod): string {
  const containers = [...(pod.spec.containers ?? []), ...(pod.spec.initContainers ?? [])]
  let any = false
  let guaranteed = containers.length > 0
  for (const { resources } of containers) {
    for (const name of ['cpu', 'memory']) {
      const request = resources?.requests?.[name]
      const limit = resources?.limits?.[name]
      if ((request && request !== '0') || (limit && limit !== '0')) any = true
      if (!limit || limit === '0' || (request !== undefined && request !== limit)) guaranteed = false
    }
  }
  if (!any) return 'BestEffort'
  return guaranteed ? 'Guaranteed' : 'Burstable'
}

export const pods = defineResource<Pod>({
  group: '',
  resource: 'pods',
  shortNames: ['po'],
  categories: ['all'],
  // Whoever makes a pod may say its class.
  keepStatusOnCreate: true,
  resets: { status: ['spec', 'metadata.deletionTimestamp', 'metadata.ownerReferences'] },
  defaults: (pod) => defaultPod(pod.spec),
  settle: ({ status }) => alignAddresses(status),
  prepareCreate(pod, { now, warn }) {
    pod.status = { phase: 'Pending', qosClass: pod.status.qosClass || qosClass(pod) }
    if ((pod.spec.schedulingGates ?? []).length > 0) {
      const gated: PodCondition = {
        type: 'PodScheduled',
        status: 'False',
        lastTransitionTime: formatTime(now),
        reason: 'SchedulingGated',
        message: 'Scheduling is blocked due to non-empty scheduling gates',
      }
      pod.status.conditions = [gated]
    }
    delete pod.spec.ephemeralContainers
    applyLabelKeys(pod)
    applyAppArmorAnnotations(pod, warn)
  },
  validate: (pod, old) => leniently(old, (lenient) => validatePod(pod, lenient)),
  validateCreate: validateNewPod,
  validateUpdate: (pod, old) => [...validateAnnotationUpdate(pod, old), ...validatePodUpdate(pod, old)],
  prepareStatusUpdate(pod, old) {
    if (old.status.qosClass) pod.status.qosClass ||= old.status.qosClass
    keepGenerations(pod, old)
  },
  validateStatusUpdate: validatePodStatus,
  subresources: { ephemeralcontainers: { validateUpdate: validateEphemeralContainers } },
  gracePeriod(pod, requested) {
    if (!pod.spec.nodeName || pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed') return 0
    const seconds = requested ?? pod.spec.terminationGracePeriodSeconds ?? 0
    return seconds < 0 ? 1 : seconds
  },
  selectableFields: {
    'spec.nodeName': (pod) => pod.spec.nodeName ?? '',
    'spec.restartPolicy': (pod) => pod.spec.restartPolicy ?? '',
    'spec.schedulerName': (pod) => pod.spec.schedulerName ?? '',
    'spec.serviceAccountName': (pod) => pod.spec.serviceAccountName ?? '',
    'spec.hostNetwork': (pod) => String(pod.spec.hostNetwork ?? false),
    'status.phase': (pod) => pod.status.phase ?? '',
    'status.podIP': (pod) => pod.status.podIP ?? '',
    'status.nominatedNodeName': (pod) => pod.status.nominatedNodeName ?? '',
    // The label is let through upstream, but no pod has a value for it.
    'status.podIPs': () => '',
    // What the field was called before v1.
    'spec.host': (pod) => pod.spec.nodeName ?? '',
  },
  columns: podColumns,
})
