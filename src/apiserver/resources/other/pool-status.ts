// resourcepoolstatusrequests. Rules: Validate_ResourcePoolStatusRequest of k8s.io/kubernetes/pkg/apis/resource/v1alpha3.

import type { ResourcePoolStatusRequest } from '../../../api/generated/resource-v1alpha3.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { sameJson } from '../../../machinery/same-json.ts'
import { defineResource, STATUS_ALONE } from '../../resource-definition.ts'
import { age, integer, nameColumn, text } from '../columns/common.ts'
import { validateConditions } from '../core/condition-validation.ts'
import { checkNonNegative } from '../core/field-checks.ts'
import { validateDriverName } from '../core/volume-sources.ts'
import { checkPoolName } from './device-common.ts'

const MAX_LIMIT = 1000
const IMMUTABLE = 'field is immutable'
const COUNTS = ['totalDevices', 'allocatedDevices', 'availableDevices', 'unavailableDevices'] as const

type Status = ResourcePoolStatusRequest['status']

const isAnswered = (status: Status | undefined) => Object.keys(status ?? {}).length > 0

function statusProblems({ status }: ResourcePoolStatusRequest, old: ResourcePoolStatusRequest): FieldError[] {
  if (isAnswered(old.status)) return sameJson(status, old.status) ? [] : [field.invalid('status', null, IMMUTABLE)]
  if (!isAnswered(status)) return []
  const { poolCount } = status
  return [
    ...validateConditions(status.conditions, 'status.conditions'),
    ...(poolCount === undefined
      ? [field.required('status.poolCount')]
      : checkNonNegative('status.poolCount', poolCount)),
    ...(status.pools ?? []).flatMap((pool, i) => {
      const at = `status.pools[${i}]`
      return [
        ...validateDriverName(`${at}.driver`, pool.driver),
        ...checkPoolName(`${at}.poolName`, pool.poolName),
        ...COUNTS.flatMap((name) => checkNonNegative(`${at}.${name}`, pool[name])),
      ]
    }),
  ]
}

function outcome({ status }: ResourcePoolStatusRequest): { text: string; completed?: string } {
  for (const { type, status: value, lastTransitionTime } of status?.conditions ?? []) {
    if (value !== 'True') continue
    if (type === 'Failed') return { text: 'Failed' }
    if (type !== 'Complete') continue
    const [shown, all] = [(status.pools ?? []).length, status.poolCount ?? 0]
    return { text: all > shown ? `Complete (${shown}/${all} pools)` : 'Complete', completed: lastTransitionTime }
  }
  return { text: 'Pending' }
}

type Pool = NonNullable<Status['pools']>[number]

/** The sum over all pools of a request that was answered. */
const sum = (name: string, of: (pool: Pool) => number) =>
  text<ResourcePoolStatusRequest>(name, (request) => {
    if (!isAnswered(request.status) || outcome(request).text === 'Failed') return '-'
    return String((request.status.pools ?? []).reduce((total, pool) => total + of(pool), 0))
  })

export const resourcePoolStatusRequests = defineResource<ResourcePoolStatusRequest>({
  group: 'resource.k8s.io',
  resource: 'resourcepoolstatusrequests',
  generation: false,
  resets: STATUS_ALONE,
  unconditionalUpdate: false,
  defaults({ spec }) {
    spec.limit ??= 100
  },
  validateCreate({ spec }) {
    const limit = spec.limit ?? 0
    return [
      ...validateDriverName('spec.driver', spec.driver),
      ...(spec.poolName === undefined ? [] : checkPoolName('spec.poolName', spec.poolName)),
      ...(limit > MAX_LIMIT ? [field.invalid('spec.limit', limit, `must be less than or equal to ${MAX_LIMIT}`)] : []),
      ...(limit < 1 ? [field.invalid('spec.limit', limit, 'must be greater than or equal to 1')] : []),
    ]
  },
  // Upstream shows no value of structures.
  validateUpdate: ({ spec }, old) => (sameJson(spec, old.spec) ? [] : [field.invalid('spec', null, IMMUTABLE)]),
  validateStatusUpdate: statusProblems,
  columns: [
    nameColumn,
    text('Driver', ({ spec }) => spec.driver),
    sum('Total', ({ totalDevices = 0 }) => totalDevices),
    sum('Available', ({ availableDevices = 0 }) => availableDevices),
    sum('Allocated', ({ allocatedDevices = 0 }) => allocatedDevices),
    sum('Unavailable', ({ unavailableDevices = 0 }) => unavailableDevices),
    sum('Errors', ({ validationError }) => (validationError === undefined ? 0 : 1)),
    integer('Pools', ({ status }) => status?.poolCount),
    text('Status', (request) => outcome(request).text),
    text('Completed', (request, now) => {
      const { completed } = outcome(request)
      return completed === undefined ? '<none>' : age(completed, now)
    }),
  ],
})
