// priorityclasses. Rules and wording: k8s.io/kubernetes/pkg/apis/scheduling/validation.

import type { PriorityClass } from '../../../api/generated/scheduling-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { defineResource } from '../../resource-definition.ts'
import { ageColumn, bool, integer, nameColumn, text } from '../columns/common.ts'
import { checkOptionalEnum, immutable } from '../core/field-checks.ts'

const HIGHEST_USER_PRIORITY = 1_000_000_000
const SYSTEM_PREFIX = 'system-'
const SYSTEM_CLASSES: ReadonlyMap<string, number> = new Map([
  ['system-node-critical', 2_000_001_000],
  ['system-cluster-critical', 2_000_000_000],
])
const POLICIES = ['PreemptLowerPriority', 'Never']

export const priorityClasses = defineResource<PriorityClass>({
  group: 'scheduling.k8s.io',
  resource: 'priorityclasses',
  shortNames: ['pc'],
  generation: 'first',
  defaults(object) {
    object.preemptionPolicy ??= 'PreemptLowerPriority'
  },
  validateCreate: (object) => [
    ...validateValue(object),
    ...checkOptionalEnum('preemptionPolicy', object.preemptionPolicy, POLICIES),
  ],
  validateUpdate: (object, old) => [
    ...(object.value === old.value ? [] : [field.forbidden('value', 'may not be changed in an update.')]),
    ...immutable('preemptionPolicy', object.preemptionPolicy, old.preemptionPolicy),
  ],
  columns: [
    nameColumn,
    integer('Value', (c) => c.value),
    bool('Global-Default', (c) => c.globalDefault ?? false),
    ageColumn,
    text('PreemptionPolicy', (c) => c.preemptionPolicy ?? ''),
  ],
})

function validateValue({ metadata: { name = '' }, value = 0, globalDefault }: PriorityClass): FieldError[] {
  if (name.startsWith(SYSTEM_PREFIX)) {
    const problem = systemClassProblem(name, value, globalDefault ?? false)
    if (problem === undefined) return []
    const why = `priority class names with '${SYSTEM_PREFIX}' prefix are reserved for system use only. error: ${problem}`
    return [field.forbidden('metadata.name', why)]
  }
  if (value <= HIGHEST_USER_PRIORITY) return []
  return [field.forbidden('value', `maximum allowed value of a user defined priority is ${HIGHEST_USER_PRIORITY}`)]
}

/** Upstream: IsKnownSystemPriorityClass. */
function systemClassProblem(name: string, value: number, globalDefault: boolean): string | undefined {
  const expected = SYSTEM_CLASSES.get(name)
  if (expected === undefined) return `${name} is not a known system priority class`
  if (value !== expected) return `value of ${name} PriorityClass must be ${expected}`
  return globalDefault ? `globalDefault of ${name} PriorityClass must be false` : undefined
}
