// runtimeclasses. Rules and wording: k8s.io/kubernetes/pkg/apis/node/validation.

import type { Toleration } from '../../../api/generated/core-v1.ts'
import type { RuntimeClass } from '../../../api/generated/node-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { dnsLabelProblem } from '../../../machinery/names.ts'
import { validateLabels } from '../../registry/metadata.ts'
import { defineResource } from '../../resource-definition.ts'
import { ageColumn, nameColumn, text } from '../columns/common.ts'
import { immutable, invalidFor } from '../core/field-checks.ts'
import { validateTolerations } from '../core/pod-scheduling.ts'
import { validateRequirements } from '../core/resource-requirements.ts'

const NO_CLAIMS: ReadonlySet<string> = new Set()

export const runtimeClasses = defineResource<RuntimeClass>({
  group: 'node.k8s.io',
  resource: 'runtimeclasses',
  unconditionalUpdate: false,
  generation: false,
  createOnUpdate: true,
  validate({ handler = '', overhead, scheduling }) {
    const limits = overhead?.podFixed
    return [
      ...(handler === '' ? [field.required('handler')] : invalidFor('handler', handler, [dnsLabelProblem(handler)])),
      ...(limits ? validateRequirements({ limits }, 'overhead', NO_CLAIMS) : []),
      ...validateLabels(scheduling?.nodeSelector ?? {}, 'scheduling.nodeSelector'),
      ...validateUniqueTolerations(scheduling?.tolerations ?? [], 'scheduling.tolerations'),
    ]
  },
  validateUpdate: (object, old) => immutable('handler', object.handler, old.handler),
  columns: [nameColumn, text('Handler', (c) => c.handler), ageColumn],
})

function validateUniqueTolerations(tolerations: readonly Toleration[], path: string): FieldError[] {
  const errors = validateTolerations(tolerations, path)
  const seen = new Set<string>()
  for (const [i, { key = '', operator = '', value = '', effect = '', tolerationSeconds }] of tolerations.entries()) {
    const id = JSON.stringify([key, operator, value, effect])
    const shown = {
      Key: key,
      Operator: operator,
      Value: value,
      Effect: effect,
      TolerationSeconds: tolerationSeconds ?? null,
    }
    if (seen.has(id)) errors.push(field.duplicate(`${path}[${i}]`, shown))
    seen.add(id)
  }
  return errors
}
