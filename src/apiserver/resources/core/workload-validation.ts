// What all workloads with a selector and a template have in common.
// Wording: k8s.io/kubernetes/pkg/apis/apps/validation.

import type { PodTemplateSpec } from '../../../api/generated/core-v1.ts'
import type { LabelSelector } from '../../../api/generated/meta-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { matches, type Selector, selectorOf } from '../../../machinery/labels.ts'
import { validateAnnotations, validateLabels } from '../../registry/metadata.ts'
import { checkNonNegative, immutable } from './field-checks.ts'
import { validateLabelSelector } from './label-selector-validation.ts'
import { leniently } from './old-pod.ts'
import { validatePodAnnotations } from './pod-annotations.ts'
import { validatePodSpec } from './pod-validation.ts'

export { checkNonNegative as nonNegative, immutable, validateLabelSelector }

/**
 * Problems of a template at `path`, in which `restartPolicies` are those that the workload can run. `old`: what was
 * there before.
 */
export function validateTemplate(
  template: PodTemplateSpec | undefined,
  path: string,
  restartPolicies: readonly string[],
  old?: PodTemplateSpec,
): FieldError[] {
  if (!template?.spec) return [field.required(path)]
  const { spec, metadata } = template
  const annotations = metadata?.annotations ?? {}
  const errors = [
    ...validateLabels(metadata?.labels ?? {}, `${path}.labels`),
    ...validateAnnotations(annotations, `${path}.annotations`),
    ...leniently(old, (lenient) => [
      ...validatePodAnnotations(annotations, spec, `${path}.annotations`, lenient),
      ...validatePodSpec(spec, `${path}.spec`, undefined, lenient),
    ]),
  ]
  if ((template.spec.ephemeralContainers ?? []).length > 0) {
    errors.push(field.forbidden(`${path}.spec.ephemeralContainers`, 'ephemeral containers not allowed in pod template'))
  }
  const policy = template.spec.restartPolicy
  if (policy && !restartPolicies.includes(policy)) {
    errors.push(field.notSupported(`${path}.spec.restartPolicy`, policy, restartPolicies))
  }
  return errors
}

/** Kinds as the messages about their templates name them. */
export type WorkloadKind = 'DaemonSet' | 'ReplicaSet' | 'ReplicationController' | 'StatefulSet'

/** Problems of a template whose pods always run. */
export function validateRunningTemplate(
  template: PodTemplateSpec | undefined,
  kind: WorkloadKind,
  old?: PodTemplateSpec,
): FieldError[] {
  const errors = validateTemplate(template, 'spec.template', ['Always'], old)
  if (template?.spec?.activeDeadlineSeconds === undefined) return errors
  const why = `activeDeadlineSeconds in ${kind} is not Supported`
  return [...errors, field.forbidden('spec.template.spec.activeDeadlineSeconds', why)]
}

/** Problems of a workload's LabelSelector and its fit with the template; `kind` is named when nothing is selected. */
export function validateWorkloadSelector(
  selector: LabelSelector | undefined,
  template: PodTemplateSpec | undefined,
  kind = 'deployment',
): FieldError[] {
  if (!selector) {
    // It selects nothing, so no template fits.
    return [...(kind === 'daemonset' ? [] : [field.required('spec.selector')]), ...misfit(template)]
  }
  const errors = validateLabelSelector(selector, 'spec.selector')
  const count = Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions ?? []).length
  if (count === 0) {
    return [...errors, field.invalid('spec.selector', selector, `empty selector is invalid for ${kind}`)]
  }
  if (errors.length > 0) {
    const why = kind === 'statefulset' ? '' : 'invalid label selector'
    return kind === 'daemonset' ? errors : [...errors, field.invalid('spec.selector', selector, why)]
  }
  return validateSelectorFit(selectorOf(selector) ?? [], template)
}

/** The template's labels must match the selector, else the workload would make pods without end. */
export function validateSelectorFit(selector: Selector, template: PodTemplateSpec | undefined): FieldError[] {
  return matches(selector, template?.metadata?.labels) ? [] : misfit(template)
}

/** What is told of a template that no pod of its own would be selected by. */
export function misfit(template: PodTemplateSpec | undefined): FieldError[] {
  const labels = template?.metadata?.labels
  return [field.invalid('spec.template.metadata.labels', labels ?? null, '`selector` does not match template `labels`')]
}
