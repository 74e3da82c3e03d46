// pods. Spec: https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/

import type { Container, Pod, PodCondition } from '../../../api/generated/core-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { sameJson } from '../../../machinery/same-json.ts'
import { defineResource } from '../../resource-definition.ts'
import { podColumns } from '../columns/pod.ts'
import { defaultPod } from './pod-defaults.ts'
import { validatePodSpec } from './pod-validation.ts'

const UPDATE_FORBIDDEN =
  'pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)'

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
  defaults: (pod) => defaultPod(pod.spec),
  prepareCreate(pod) {
    pod.status = { phase: 'Pending', qosClass: qosClass(pod) }
    if ((pod.spec.schedulingGates ?? []).length > 0) {
      const gated: PodCondition = {
        type: 'PodScheduled',
        status: 'False',
        reason: 'SchedulingGated',
        message: 'Scheduling is blocked due to non-empty scheduling gates',
      }
      pod.status.conditions = [gated]
    }
    delete pod.spec.ephemeralContainers
  },
  validate: (pod) => validatePodSpec(pod.spec, 'spec'),
  validateUpdate: validatePodUpdate,
  prepareStatusUpdate(pod, old) {
    if (old.status.qosClass) pod.status.qosClass = old.status.qosClass
  },
  gracePeriod(pod, requested) {
    if (!pod.spec.nodeName || pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed') return 0
    return Math.max(0, requested ?? pod.spec.terminationGracePeriodSeconds ?? 30)
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
  },
  columns: podColumns,
})

/** Only images, deadlines and added tolerations may change once a pod exists; gated pods may also change placement. */
function validatePodUpdate(pod: Pod, old: Pod): FieldError[] {
  const allowed = structuredClone(pod.spec)
  const withImages = (mine: Container[] | undefined, theirs: Container[] | undefined) => {
    for (const [i, container] of (mine ?? []).entries()) {
      const image = theirs?.[i]?.image
      if (image === undefined) delete container.image
      else container.image = image
    }
  }
  withImages(allowed.containers, old.spec.containers)
  withImages(allowed.initContainers, old.spec.initContainers)
  keep(allowed, old.spec, 'activeDeadlineSeconds')
  keep(allowed, old.spec, 'tolerations')
  keep(allowed, old.spec, 'schedulingGates')
  if ((old.spec.schedulingGates ?? []).length > 0) {
    keep(allowed, old.spec, 'nodeSelector')
    keep(allowed, old.spec, 'affinity')
  }
  const errors: FieldError[] = []
  if (!sameJson(allowed, old.spec)) errors.push(field.forbidden('spec', UPDATE_FORBIDDEN))
  const now = pod.spec.tolerations ?? []
  const kept = (old.spec.tolerations ?? []).every((t) =>
    now.some((n) => n.key === t.key && n.effect === t.effect && n.operator === t.operator),
  )
  if (!kept)
    errors.push(
      field.forbidden('spec.tolerations', 'existing toleration can not be modified except its tolerationSeconds'),
    )
  return errors
}

function keep<T extends object>(target: T, source: T, name: keyof T): void {
  if (source[name] === undefined) delete target[name]
  else target[name] = source[name]
}
