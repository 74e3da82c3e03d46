// apiservices, and all kinds that extend and guard the API, in order.

import type { APIService, APIServiceSpec } from '../../../api/generated/apiregistration-v1.ts'
import { formatTime } from '../../../machinery/clock.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { dns1035LabelProblem, pathSegmentProblem, portProblem } from '../../../machinery/names.ts'
import { defineResource, type ResourceDefinition } from '../../resource-definition.ts'
import { ageColumn, nameColumn, text } from '../columns/common.ts'
import { checkOptionalEnum, checkRequired, checkSubdomain, invalidFor } from '../core/field-checks.ts'
import { certificateSigningRequests } from './certificate-signing-request.ts'
import { customResourceDefinitions } from './custom-resource-definition.ts'
import { flowSchemas, priorityLevelConfigurations } from './flow-control.ts'

const MAX_GROUP_PRIORITY = 20_000
const MAX_VERSION_PRIORITY = 1000

const apiServices = defineResource<APIService>({
  group: 'apiregistration.k8s.io',
  resource: 'apiservices',
  resets: {
    status: ['metadata.labels', 'metadata.annotations', 'metadata.finalizers', 'metadata.ownerReferences', 'spec'],
  },
  categories: ['api-extensions'],
  unconditionalUpdate: false,
  storagePrefix: 'apiregistration.k8s.io/apiservices',
  nameProblem: (name, { spec }) => pathSegmentProblem(name) ?? apiServiceNameProblem(name, spec),
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
  validate: validateApiService,
  validateStatusUpdate: ({ status }) =>
    (status.conditions ?? []).flatMap((condition, i) =>
      checkOptionalEnum(`status.conditions[${i}].status`, condition.status ?? '', ['True', 'False', 'Unknown']),
    ),
  columns: [
    nameColumn,
    text('Service', ({ spec }) => (spec.service ? `${spec.service.namespace}/${spec.service.name}` : 'Local')),
    text('Available', availableText),
    ageColumn,
  ],
})

/** One is called after what it serves. */
function apiServiceNameProblem(name: string, { group = '', version = '' }: APIServiceSpec): string | undefined {
  const expected = `${version}.${group}`
  return name === expected ? undefined : `must be \`spec.version+"."+spec.group\`: ${JSON.stringify(expected)}`
}

/** Upstream: ValidateAPIService. */
function validateApiService({ spec }: APIService): FieldError[] {
  const { group = '', version = '', groupPriorityMinimum = 0, versionPriority = 0 } = spec
  const errors: FieldError[] = []
  if (group === '' && version !== 'v1') {
    errors.push(field.required('spec.group', 'only v1 may have an empty group and it better be legacy kube'))
  }
  if (group !== '') errors.push(...checkSubdomain('spec.group', group))
  errors.push(...invalidFor('spec.version', version, [dns1035LabelProblem(version)]))
  if (groupPriorityMinimum <= 0 || groupPriorityMinimum > MAX_GROUP_PRIORITY) {
    const why = 'must be positive and less than 20000'
    errors.push(field.invalid('spec.groupPriorityMinimum', groupPriorityMinimum, why))
  }
  if (versionPriority <= 0 || versionPriority > MAX_VERSION_PRIORITY) {
    errors.push(field.invalid('spec.versionPriority', versionPriority, 'must be positive and less than 1000'))
  }
  return [...errors, ...validateBackend(spec)]
}

/** What is not served elsewhere needs no word on how to reach it. */
function validateBackend({ service, caBundle, insecureSkipTLSVerify }: APIServiceSpec): FieldError[] {
  const errors: FieldError[] = []
  const insecureAt = 'spec.insecureSkipTLSVerify'
  if (!service) {
    if (caBundle) {
      const size = `${Buffer.byteLength(caBundle, 'base64')} bytes`
      errors.push(field.invalid('spec.caBundle', size, 'local APIServices may not have a caBundle'))
    }
    if (insecureSkipTLSVerify) {
      errors.push(field.invalid(insecureAt, true, 'local APIServices may not have insecureSkipTLSVerify'))
    }
    return errors
  }
  errors.push(...checkRequired('spec.service.namespace', service.namespace))
  errors.push(...checkRequired('spec.service.name', service.name))
  const problem = portProblem(service.port ?? 443)
  if (problem) errors.push(field.invalid('spec.service.port', service.port, `port is not valid: ${problem}`))
  if (caBundle && insecureSkipTLSVerify) {
    errors.push(field.invalid(insecureAt, true, 'may not be true if caBundle is present'))
  }
  return errors
}

function availableText({ status }: APIService): string {
  const condition = (status.conditions ?? []).find((c) => c.type === 'Available')
  if (!condition) return 'Unknown'
  if (condition.status === 'True' || !condition.reason) return condition.status
  return `${condition.status} (${condition.reason})`
}

export const extensionDefinitions: readonly ResourceDefinition[] = [
  customResourceDefinitions,
  apiServices,
  certificateSigningRequests,
  flowSchemas,
  priorityLevelConfigurations,
]
