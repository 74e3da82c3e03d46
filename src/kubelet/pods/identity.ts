// The labels and annotations by which the kubelet finds its sandboxes and containers again after a restart.

import { createHash } from 'node:crypto'
import type { ApiContainer, ApiPod } from './types.ts'

const LABEL_POD_NAME = 'io.kubernetes.pod.name'
const LABEL_POD_NAMESPACE = 'io.kubernetes.pod.namespace'
export const LABEL_POD_UID = 'io.kubernetes.pod.uid'
const LABEL_CONTAINER_NAME = 'io.kubernetes.container.name'
export const ANNOTATION_HASH = 'io.kubernetes.container.hash'
const ANNOTATION_RESTART_COUNT = 'io.kubernetes.container.restartCount'
export const ANNOTATION_TERMINATION_PATH = 'io.kubernetes.container.terminationMessagePath'
export const ANNOTATION_TERMINATION_POLICY = 'io.kubernetes.container.terminationMessagePolicy'
const ANNOTATION_GRACE = 'io.kubernetes.pod.terminationGracePeriod'

/** Changes when a container must be made anew. As upstream since 1.31, only name and image count. */
export function containerHash(container: ApiContainer): string {
  return createHash('sha256')
    .update(JSON.stringify({ name: container.name, image: container.image ?? '' }))
    .digest('hex')
    .slice(0, 8)
}

export function podLabels(pod: ApiPod): Record<string, string> {
  return {
    ...pod.metadata.labels,
    [LABEL_POD_NAME]: pod.metadata.name,
    [LABEL_POD_NAMESPACE]: pod.metadata.namespace,
    [LABEL_POD_UID]: pod.metadata.uid,
  }
}

export function containerLabels(pod: ApiPod, container: ApiContainer): Record<string, string> {
  return {
    [LABEL_CONTAINER_NAME]: container.name,
    [LABEL_POD_NAME]: pod.metadata.name,
    [LABEL_POD_NAMESPACE]: pod.metadata.namespace,
    [LABEL_POD_UID]: pod.metadata.uid,
  }
}

export function containerAnnotations(options: {
  pod: ApiPod
  container: ApiContainer
  restartCount: number
  terminationLog: string
}): Record<string, string> {
  const { pod, container } = options
  const grace = pod.spec.terminationGracePeriodSeconds
  return {
    [ANNOTATION_HASH]: containerHash(container),
    [ANNOTATION_RESTART_COUNT]: String(options.restartCount),
    [ANNOTATION_TERMINATION_PATH]: options.terminationLog,
    [ANNOTATION_TERMINATION_POLICY]: container.terminationMessagePolicy ?? 'File',
    ...(grace === undefined ? {} : { [ANNOTATION_GRACE]: String(grace) }),
  }
}

/** `<podLogs>/<namespace>_<name>_<uid>`. */
export function podLogDirectory(root: string, pod: ApiPod): string {
  return `${root}/${pod.metadata.namespace}_${pod.metadata.name}_${pod.metadata.uid}`
}
