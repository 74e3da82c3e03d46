// The annotation in which client-side apply keeps what it applied last.
// Model: k8s.io/kubectl/pkg/util/apply.go.

import type { KubeObject } from '../object.ts'
import { toCompactJson } from '../printers/json.ts'

export const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration'

/** The configuration kept in the object; undefined when it has none. */
export function lastAppliedOf(object: KubeObject): string | undefined {
  return object.metadata?.annotations?.[LAST_APPLIED]
}

/** The object as it is kept: on one line, without the annotation itself. */
export function configurationOf(object: KubeObject): string {
  const { [LAST_APPLIED]: _, ...annotations } = object.metadata?.annotations ?? {}
  return `${toCompactJson({ ...object, metadata: { ...object.metadata, annotations } })}\n`
}

/** As `configurationOf`, without annotations when there are none: how `set-last-applied` writes it. */
export function plainConfigurationOf(object: KubeObject): string {
  const { [LAST_APPLIED]: _, ...annotations } = object.metadata?.annotations ?? {}
  if (Object.keys(annotations).length > 0) return configurationOf(object)
  const { annotations: __, ...metadata } = object.metadata ?? {}
  return `${toCompactJson({ ...object, metadata })}\n`
}

/** The object with itself in the annotation. */
export function withLastApplied(object: KubeObject, configuration = configurationOf(object)): KubeObject {
  const annotations = { ...object.metadata?.annotations, [LAST_APPLIED]: configuration }
  return { ...object, metadata: { ...object.metadata, annotations } }
}
