// namespaces. Spec: https://kubernetes.io/docs/concepts/overview/working-with-objects/namespaces/

import type { Namespace } from '../../../api/generated/core-v1.ts'
import { dnsLabelProblem } from '../../../machinery/names.ts'
import { defineResource } from '../../resource-definition.ts'
import { ageColumn, nameColumn, text } from '../columns/common.ts'

const NAME_LABEL = 'kubernetes.io/metadata.name'

export const namespaces = defineResource<Namespace>({
  group: '',
  resource: 'namespaces',
  shortNames: ['ns'],
  generation: false,
  nameProblem: dnsLabelProblem,
  defaults(namespace) {
    if (namespace.metadata.name) {
      namespace.metadata.labels = { ...namespace.metadata.labels, [NAME_LABEL]: namespace.metadata.name }
    }
  },
  prepareCreate(namespace) {
    const finalizers = namespace.spec.finalizers ?? []
    namespace.spec.finalizers = finalizers.includes('kubernetes') ? finalizers : [...finalizers, 'kubernetes']
    namespace.status = { phase: 'Active' }
  },
  prepareUpdate(namespace, old) {
    if (old.spec.finalizers) namespace.spec.finalizers = old.spec.finalizers
    else delete namespace.spec.finalizers
  },
  selectableFields: { 'status.phase': (ns) => ns.status.phase ?? '' },
  columns: [nameColumn, text('Status', (ns) => ns.status.phase ?? ''), ageColumn],
})
