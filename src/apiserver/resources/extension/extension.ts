// Kinds that extend and guard the API: custom resource definitions, API services, certificate requests, flow control.

import type { APIService } from '../../../api/generated/apiregistration-v1.ts'
import type { FlowSchema, PriorityLevelConfiguration } from '../../../api/generated/flowcontrol-v1.ts'
import { formatTime } from '../../../machinery/clock.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { pathSegmentProblem } from '../../../machinery/names.ts'
import { defineResource, type ResourceDefinition } from '../../resource-definition.ts'
import { ageColumn, nameColumn, number, text } from '../columns/common.ts'
import { certificateSigningRequests } from './certificate-signing-request.ts'
import { customResourceDefinitions } from './custom-resource-definition.ts'

const apiServices = defineResource<APIService>({
  group: 'apiregistration.k8s.io',
  resource: 'apiservices',
  categories: ['api-extensions'],
  unconditionalUpdate: false,
  storagePrefix: 'apiregistration.k8s.io/apiservices',
  nameProblem: pathSegmentProblem,
  generation: false,
  defaults({ spec }) {
    if (spec.service) spec.service.port ??= 443
  },
  prepareCreate({ spec, status }, { now }) {
    if (spec.service) return
    const lastTransitionTime = formatTime(now)
    const message = 'Local APIServices are always available'
    status.conditions = [{ type: 'Available', status: 'True', lastTransitionTime, reason: 'Local', message }]
  },
  validate({ metadata, spec }) {
    const errors: FieldError[] = []
    const expected = `${spec.version ?? ''}.${spec.group ?? ''}`
    if (metadata.name !== expected) {
      errors.push(
        field.invalid(
          'metadata.name',
          metadata.name ?? '',
          `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(expected)}`,
        ),
      )
    }
    if (!spec.version) errors.push(field.required('spec.version'))
    if (!(spec.groupPriorityMinimum > 0 && spec.groupPriorityMinimum <= 20000)) {
      errors.push(
        field.invalid(
          'spec.groupPriorityMinimum',
          spec.groupPriorityMinimum ?? 0,
          'must be positive and less than 20000',
        ),
      )
    }
    if (!(spec.versionPriority > 0 && spec.versionPriority <= 1000)) {
      errors.push(
        field.invalid('spec.versionPriority', spec.versionPriority ?? 0, 'must be positive and less than 1000'),
      )
    }
    if (spec.service) {
      if (!spec.service.namespace) errors.push(field.required('spec.service.namespace'))
      if (!spec.service.name) errors.push(field.required('spec.service.name'))
      if (spec.caBundle && spec.insecureSkipTLSVerify) {
        errors.push(field.invalid('spec.insecureSkipTLSVerify', true, 'may not be true if caBundle is present'))
      }
    }
    return errors
  },
  columns: [
    nameColumn,
    text('Service', ({ spec }) => (spec.service ? `${spec.service.namespace}/${spec.service.name}` : 'Local')),
    text('Available', availableText),
    ageColumn,
  ],
})

function availableText({ status }: APIService): string {
  const condition = (status.conditions ?? []).find((c) => c.type === 'Available')
  if (!condition) return 'Unknown'
  if (condition.status === 'True' || !condition.reason) return condition.status
  return `${condition.status} (${condition.reason})`
}

const flowSchemas = defineResource<FlowSchema>({
  group: 'flowcontrol.apiserver.k8s.io',
  resource: 'flowschemas',
  defaults({ spec }) {
    spec.matchingPrecedence ??= 1000
  },
  validate: ({ spec }) => [
    ...(spec.priorityLevelConfiguration?.name
      ? []
      : [field.required('spec.priorityLevelConfiguration.name', 'must reference a priority level')]),
    ...((spec.matchingPrecedence ?? 0) <= 0 || (spec.matchingPrecedence ?? 0) > 10000
      ? [field.invalid('spec.matchingPrecedence', spec.matchingPrecedence, 'must be a positive value')]
      : []),
  ],
  columns: [
    nameColumn,
    text('PriorityLevel', ({ spec }) => spec.priorityLevelConfiguration.name),
    number('MatchingPrecedence', ({ spec }) => spec.matchingPrecedence),
    text('DistinguisherMethod', ({ spec }) => spec.distinguisherMethod?.type ?? '<none>'),
    ageColumn,
    text('MissingPL', ({ status }) => (status.conditions ?? []).find((c) => c.type === 'Dangling')?.status ?? '?'),
  ],
})

const priorityLevelConfigurations = defineResource<PriorityLevelConfiguration>({
  group: 'flowcontrol.apiserver.k8s.io',
  resource: 'prioritylevelconfigurations',
  defaults({ spec }) {
    const { limited, exempt } = spec
    if (exempt) {
      exempt.nominalConcurrencyShares ??= 0
      exempt.lendablePercent ??= 0
    }
    if (!limited) return
    limited.nominalConcurrencyShares ??= 30
    limited.lendablePercent ??= 0
    const queuing = limited.limitResponse?.queuing
    if (!queuing) return
    queuing.queues ??= 64
    queuing.handSize ??= 8
    queuing.queueLengthLimit ??= 50
  },
  validate({ spec }) {
    const types = ['Exempt', 'Limited']
    if (!types.includes(spec.type)) return [field.notSupported('spec.type', spec.type ?? '', types)]
    if (spec.type === 'Limited' && !spec.limited)
      return [field.required('spec.limited', 'must not be empty when type is Limited')]
    return []
  },
  columns: [
    nameColumn,
    text('Type', ({ spec }) => spec.type),
    text('NominalConcurrencyShares', ({ spec }) => spec.limited?.nominalConcurrencyShares ?? '<none>'),
    text('Queues', ({ spec }) => spec.limited?.limitResponse?.queuing?.queues ?? '<none>'),
    text('HandSize', ({ spec }) => spec.limited?.limitResponse?.queuing?.handSize ?? '<none>'),
    text('QueueLengthLimit', ({ spec }) => spec.limited?.limitResponse?.queuing?.queueLengthLimit ?? '<none>'),
    ageColumn,
  ],
})

export const extensionDefinitions: readonly ResourceDefinition[] = [
  customResourceDefinitions,
  apiServices,
  certificateSigningRequests,
  flowSchemas,
  priorityLevelConfigurations,
]
