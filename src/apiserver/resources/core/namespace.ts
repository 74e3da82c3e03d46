// namespaces. Spec: https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/

import type { Namespace } from '../../../api/generated/core-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { dnsLabelProblem } from '../../../machinery/names.ts'
import { defineResource } from '../../resource-definition.ts'
import { ageColumn, nameColumn, text } from '../columns/common.ts'
import { checkQualifiedName } from './field-checks.ts'

const NAME_LABEL = 'kubernetes.io/metadata.name'

const STANDARD_FINALIZERS = ['kubernetes', 'orphan', 'foregroundDeletion']

function validateFinalizer(name: string, path: string): FieldError[] {
  const errors = checkQualifiedName(path, name)
  if (name.includes('/') || STANDARD_FINALIZERS.includes(name)) return errors
  const why = 'name is neither a standard finalizer name nor is it fully qualified'
  return [...errors, field.invalid(path, name, why)]
}

function nameItself({ metadata }: Namespace): void {
  if (metadata.name) metadata.labels = { ...metadata.labels, [NAME_LABEL]: metadata.name }
}

export const namespaces = defineResource<Namespace>({
  group: '',
  resource: 'namespaces',
  shortNames: ['ns'],
  generation: false,
  resets: { finalize: ['status'] },
  nameProblem: dnsLabelProblem,
  settle: nameItself,
  prepareCreate(namespace) {
    const finalizers = namespace.spec.finalizers ?? []
    namespace.spec.finalizers = finalizers.includes('kubernetes') ? finalizers : [...finalizers, 'kubernetes']
    namespace.status = { phase: 'Active' }
  },
  prepareUpdate(namespace, old) {
    if (old.spec.finalizers) namespace.spec.finalizers = old.spec.finalizers
    else delete namespace.spec.finalizers
  },
  validateCreate: ({ spec }) => (spec.finalizers ?? []).flatMap((name) => validateFinalizer(name, 'spec.finalizers')),
  subresources: {
    finalize: {
      validateUpdate: ({ spec }) =>
        (spec.finalizers ?? []).flatMap((name, i) => validateFinalizer(name, `spec.finalizers[${i}]`)),
    },
  },
  validateStatusUpdate({ status, metadata }) {
    const [phase, when] = metadata.deletionTimestamp ? ['Terminating', 'not empty'] : ['Active', 'empty']
    if (status.phase === phase) return []
    return [
      field.invalid('status.Phase', status.phase ?? '', `may only be '${phase}' if \`deletionTimestamp\` is ${when}`),
    ]
  },
  selectableFields: { 'status.phase': (ns) => ns.status.phase ?? '' },
  columns: [nameColumn, text('Status', (ns) => ns.status.phase ?? ''), ageColumn],
})
