// Validation of where pods may run. Wording: k8s.io/kubernetes/pkg/apis/core/validation.

import type {
  Affinity,
  NodeSelector,
  NodeSelectorRequirement,
  NodeSelectorTerm,
  PodAffinity,
  PodAffinityTerm,
  Toleration,
  TopologySpreadConstraint,
} from '../../../api/generated/core-v1.ts'
import type { LabelSelector } from '../../../api/generated/meta-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { dnsLabelProblem, dnsSubdomainProblem, labelValueProblem } from '../../../machinery/names.ts'
import { checkOptionalEnum, checkPositive, checkQualifiedName, invalidFor } from './field-checks.ts'
import { validateLabelSelector } from './label-selector-validation.ts'
import { type PodLeniency, STRICT } from './leniency.ts'

export const TAINT_EFFECTS = ['NoSchedule', 'PreferNoSchedule', 'NoExecute']
const REQUIRED = 'requiredDuringSchedulingIgnoredDuringExecution'
const PREFERRED = 'preferredDuringSchedulingIgnoredDuringExecution'

export function validateTolerations(tolerations: readonly Toleration[], path: string): FieldError[] {
  return tolerations.flatMap((toleration, i) => {
    const at = `${path}[${i}]`
    const { key, operator = '', value = '', effect = '', tolerationSeconds } = toleration
    const errors = key ? checkQualifiedName(`${at}.key`, key) : []
    if (!key && operator !== 'Exists') {
      const why = 'operator must be Exists when `key` is empty, which means "match all values and all keys"'
      errors.push(field.invalid(`${at}.operator`, operator, why))
    }
    if (tolerationSeconds !== undefined && effect !== 'NoExecute') {
      errors.push(field.invalid(`${at}.effect`, effect, "effect must be 'NoExecute' when `tolerationSeconds` is set"))
    }
    if (operator === '' || operator === 'Equal') {
      errors.push(...invalidFor(`${at}.operator`, value, [labelValueProblem(value)]))
    } else if (operator !== 'Exists') {
      errors.push(field.notSupported(`${at}.operator`, operator, ['Equal', 'Exists']))
    } else if (value !== '') {
      errors.push(field.invalid(`${at}.operator`, value, "value must be empty when `operator` is 'Exists'"))
    }
    return effect === '' ? errors : [...errors, ...checkOptionalEnum(`${at}.effect`, effect, TAINT_EFFECTS)]
  })
}

export function validateAffinity(
  { nodeAffinity, podAffinity, podAntiAffinity }: Affinity,
  path: string,
  lenient: PodLeniency = STRICT,
): FieldError[] {
  const errors: FieldError[] = []
  const nodeAt = `${path}.nodeAffinity`
  const required = nodeAffinity?.[REQUIRED]
  if (required) errors.push(...validateNodeSelector(required, `${nodeAt}.${REQUIRED}`, lenient.nodeAffinityValues))
  for (const [i, { weight, preference }] of (nodeAffinity?.[PREFERRED] ?? []).entries()) {
    const at = `${nodeAt}.${PREFERRED}[${i}]`
    errors.push(...checkWeight(`${at}.weight`, weight), ...validateTerm(preference ?? {}, `${at}.preference`, true))
  }
  if (podAffinity) errors.push(...validatePodAffinity(podAffinity, `${path}.podAffinity`, lenient))
  if (podAntiAffinity) errors.push(...validatePodAffinity(podAntiAffinity, `${path}.podAntiAffinity`, lenient))
  return errors
}

function checkWeight(path: string, weight = 0): FieldError[] {
  return weight > 0 && weight <= 100 ? [] : [field.invalid(path, weight, 'must be in the range 1-100')]
}

/** Problems of a selector of nodes, as of pods and of volumes. `anyValue`: it may name values that no label can have. */
export function validateNodeSelector(selector: NodeSelector, path: string, anyValue = false): FieldError[] {
  const terms = selector.nodeSelectorTerms ?? []
  const at = `${path}.nodeSelectorTerms`
  if (terms.length === 0) return [field.required(at, 'must have at least one node selector term')]
  return terms.flatMap((term, i) => validateTerm(term, `${at}[${i}]`, anyValue))
}

/** `anyValue`: a preference may name values that no label can have. */
function validateTerm(term: NodeSelectorTerm, path: string, anyValue: boolean): FieldError[] {
  return [
    ...(term.matchExpressions ?? []).flatMap((r, i) =>
      validateRequirement(r, `${path}.matchExpressions[${i}]`, anyValue),
    ),
    ...(term.matchFields ?? []).flatMap((r, i) => validateFieldRequirement(r, `${path}.matchFields[${i}]`)),
  ]
}

function validateRequirement(requirement: NodeSelectorRequirement, path: string, anyValue: boolean): FieldError[] {
  const { key, operator, values = [] } = requirement
  const at = `${path}.values`
  const errors: FieldError[] = []
  if (operator === 'In' || operator === 'NotIn') {
    if (values.length === 0) errors.push(field.required(at, "must be specified when `operator` is 'In' or 'NotIn'"))
  } else if (operator === 'Exists' || operator === 'DoesNotExist') {
    const why = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
    if (values.length > 0) errors.push(field.forbidden(at, why))
  } else if (operator === 'Gt' || operator === 'Lt') {
    const why = "must be specified single value when `operator` is 'Lt' or 'Gt'"
    if (values.length !== 1) errors.push(field.required(at, why))
  } else errors.push(field.invalid(`${path}.operator`, operator ?? '', 'not a valid selector operator'))
  errors.push(...checkQualifiedName(`${path}.key`, key ?? ''))
  if (anyValue) return errors
  return [...errors, ...values.flatMap((value, i) => invalidFor(`${at}[${i}]`, value, [labelValueProblem(value)]))]
}

function validateFieldRequirement(requirement: NodeSelectorRequirement, path: string): FieldError[] {
  const { key, operator, values = [] } = requirement
  const errors: FieldError[] = []
  if (operator !== 'In' && operator !== 'NotIn') {
    errors.push(field.invalid(`${path}.operator`, operator ?? '', 'not a valid selector operator'))
  } else if (values.length !== 1) {
    const why = "must be only one value when `operator` is 'In' or 'NotIn' for node field selector"
    errors.push(field.required(`${path}.values`, why))
  }
  if (key !== 'metadata.name') {
    return [...errors, field.invalid(`${path}.key`, key ?? '', 'not a valid field selector key')]
  }
  return [
    ...errors,
    ...values.flatMap((name, i) => invalidFor(`${path}.values[${i}]`, name, [dnsSubdomainProblem(name)])),
  ]
}

function validatePodAffinity(affinity: PodAffinity, path: string, lenient: PodLeniency): FieldError[] {
  return [
    ...(affinity[REQUIRED] ?? []).flatMap((term, i) => validatePodTerm(term, `${path}.${REQUIRED}[${i}]`, lenient)),
    ...(affinity[PREFERRED] ?? []).flatMap(({ weight, podAffinityTerm }, i) => {
      const at = `${path}.${PREFERRED}[${i}]`
      const errors = checkWeight(`${at}.weight`, weight)
      return [...errors, ...validatePodTerm(podAffinityTerm, `${at}.podAffinityTerm`, lenient)]
    }),
  ]
}

/** Upstream: ValidatePodAffinityTermSelector. */
export function validateTermSelectors(
  { labelSelector, namespaceSelector }: PodAffinityTerm,
  path: string,
  anyValue: boolean,
): FieldError[] {
  return [
    ...(labelSelector ? validateLabelSelector(labelSelector, `${path}.labelSelector`, anyValue) : []),
    ...(namespaceSelector ? validateLabelSelector(namespaceSelector, `${path}.namespaceSelector`, anyValue) : []),
  ]
}

function validatePodTerm(term: PodAffinityTerm | undefined, path: string, lenient: PodLeniency): FieldError[] {
  const { labelSelector, namespaces = [], topologyKey = '' } = term ?? {}
  const { matchLabelKeys = [], mismatchLabelKeys = [] } = term ?? {}
  const errors = term ? validateTermSelectors(term, path, lenient.selectorValues) : []
  for (const name of namespaces) errors.push(...invalidFor(`${path}.namespace`, name, [dnsLabelProblem(name)]))
  errors.push(...validateLabelKeys({ labelSelector, matchLabelKeys, mismatchLabelKeys }, path))
  if (topologyKey === '') errors.push(field.required(`${path}.topologyKey`, 'can not be empty'))
  return [...errors, ...checkQualifiedName(`${path}.topologyKey`, topologyKey)]
}

interface Keyed {
  readonly labelSelector?: LabelSelector | undefined
  readonly matchLabelKeys?: readonly string[]
  readonly mismatchLabelKeys?: readonly string[]
}

function validateKeys(keys: readonly string[], selector: LabelSelector | undefined, path: string): FieldError[] {
  if (keys.length === 0) return []
  if (!selector) return [field.forbidden(path, 'must not be specified when labelSelector is not set')]
  return keys.flatMap((key, i) => checkQualifiedName(`${path}[${i}]`, key))
}

/**
 * Problems of keys whose values the pod itself gives: the selector names none of them besides, other than once where
 * they were merged into it. Upstream: ValidateMatchLabelKeysAndMismatchLabelKeys, with its paths.
 */
export function validateLabelKeys(keyed: Keyed, path: string): FieldError[] {
  const { labelSelector, matchLabelKeys = [], mismatchLabelKeys = [] } = keyed
  const errors = [
    ...validateKeys(matchLabelKeys, labelSelector, `${path}.matchLabelKeys`),
    ...validateKeys(mismatchLabelKeys, labelSelector, `${path}.mismatchLabelKeys`),
  ]
  const seen = new Set(Object.keys(labelSelector?.matchLabels ?? {}))
  for (const { key } of labelSelector?.matchExpressions ?? []) {
    const i = matchLabelKeys.lastIndexOf(key)
    if (i >= 0 && seen.has(key)) {
      errors.push(field.invalid(`${path}[${i}]`, key, 'exists in both matchLabelKeys and labelSelector'))
    }
    seen.add(key)
  }
  for (const [i, key] of matchLabelKeys.entries()) {
    if (!mismatchLabelKeys.includes(key)) continue
    const why = 'exists in both matchLabelKeys and mismatchLabelKeys'
    errors.push(field.invalid(`${path}.matchLabelKeys[${i}]`, key, why))
  }
  return errors
}

export function validateTopologySpread(
  constraints: readonly TopologySpreadConstraint[],
  path: string,
  lenient: PodLeniency = STRICT,
): FieldError[] {
  return constraints.flatMap((constraint, i) => {
    const at = `${path}[${i}]`
    const { maxSkew = 0, topologyKey, whenUnsatisfiable = '', minDomains, labelSelector } = constraint
    const errors = maxSkew > 0 ? [] : [field.invalid(`${at}.maxSkew`, maxSkew, 'must be greater than zero')]
    if (!topologyKey) errors.push(field.required(`${at}.topologyKey`, 'can not be empty'))
    const actions = ['DoNotSchedule', 'ScheduleAnyway']
    errors.push(...checkOptionalEnum(`${at}.whenUnsatisfiable`, whenUnsatisfiable, actions))
    const again = constraints
      .slice(i + 1)
      .some((c) => c.topologyKey === topologyKey && c.whenUnsatisfiable === whenUnsatisfiable)
    if (again) {
      errors.push(field.duplicate(`${at}.{topologyKey, whenUnsatisfiable}`, `{${topologyKey}, ${whenUnsatisfiable}}`))
    }
    if (minDomains !== undefined) {
      errors.push(...checkPositive(`${at}.minDomains`, minDomains))
      if (whenUnsatisfiable !== 'DoNotSchedule') {
        const why = `can only use minDomains if whenUnsatisfiable=DoNotSchedule, not ${whenUnsatisfiable}`
        errors.push(field.invalid(`${at}.minDomains`, minDomains, why))
      }
    }
    for (const name of ['nodeAffinityPolicy', 'nodeTaintsPolicy'] as const) {
      errors.push(...checkOptionalEnum(`${at}.${name}`, constraint[name], ['Honor', 'Ignore']))
    }
    errors.push(
      ...(lenient.spreadKeys
        ? validateSpreadKeys(constraint, `${at}.matchLabelKeys`)
        : validateLabelKeys(constraint, at)),
    )
    if (!labelSelector || lenient.spreadSelectors) return errors
    return [...errors, ...validateLabelSelector(labelSelector, `${at}.labelSelector`)]
  })
}

/** The rule of constraints from before keys were merged. Upstream: ValidateMatchLabelKeysInTopologySpread. */
function validateSpreadKeys(
  { matchLabelKeys = [], labelSelector }: TopologySpreadConstraint,
  path: string,
): FieldError[] {
  if (matchLabelKeys.length === 0) return []
  const named = new Set([
    ...Object.keys(labelSelector?.matchLabels ?? {}),
    ...(labelSelector?.matchExpressions ?? []).map((e) => e.key),
  ])
  const why = 'must not be specified when labelSelector is not set'
  return [
    ...(labelSelector ? [] : [field.forbidden(path, why)]),
    ...matchLabelKeys.flatMap((key, i) => [
      ...checkQualifiedName(`${path}[${i}]`, key),
      ...(named.has(key)
        ? [field.invalid(`${path}[${i}]`, key, 'exists in both matchLabelKeys and labelSelector')]
        : []),
    ]),
  ]
}
