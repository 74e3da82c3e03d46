// resourcepoolstatusrequests. Rules: Validate_ResourcePoolStatusRequest of k8s.io/kubernetes/pkg/apis/resource/v1alpha3.

import type { ResourcePoolStatusRequest } from '../../../api/generated/resource-v1alpha3.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { type Shapes, structValue } from '../../../machinery/go/struct-json.ts'
import { dnsSubdomainCaselessProblem, dnsSubdomainProblem } from '../../../machinery/names.ts'
import { sameJson } from '../../../machinery/same-json.ts'
import { defineResource, STATUS_ALONE } from '../../resource-definition.ts'
import { age, integer, nameColumn, text } from '../columns/common.ts'
import { CONDITION_SHAPE, validateConditions } from '../core/condition-validation.ts'
import { checkNonNegative, invalidFor } from '../core/field-checks.ts'

const MAX_LIMIT = 1000
const MAX_POOLS = 1000
const MAX_CONDITIONS = 10
const MAX_ERROR = 256
const MAX_POOL = 253
const SHAPES: Shapes = {
  Status: 'PoolCount:*i Pools:*[]Pool Conditions:*[]Condition',
  Pool: 'Driver PoolName Generation:i NodeName:*s ResourceSliceCount:*i TotalDevices:*i AllocatedDevices:*i AvailableDevices:*i UnavailableDevices:*i ValidationError:*s',
  ...CONDITION_SHAPE,
}
const IMMUTABLE = 'field is immutable'
const COUNTS = ['totalDevices', 'allocatedDevices', 'availableDevices', 'unavailableDevices'] as const

type Status = ResourcePoolStatusRequest['status']
type Pool = NonNullable<Status['pools']>[number]

const isAnswered = (status: Status | undefined) => status !== undefined

function statusProblems({ status }: ResourcePoolStatusRequest, old: ResourcePoolStatusRequest): FieldError[] {
  if (isAnswered(old.status)) {
    const shown = structValue(SHAPES, 'Status', status ?? {})
    return sameJson(status, old.status) ? [] : [field.invalid('status', shown, IMMUTABLE)]
  }
  if (!isAnswered(status)) return []
  const { poolCount, pools = [], conditions = [] } = status
  return [
    ...validateConditions(status.conditions, 'status.conditions'),
    ...(poolCount === undefined
      ? [field.required('status.poolCount')]
      : checkNonNegative('status.poolCount', poolCount)),
    ...(pools.length > MAX_POOLS
      ? [field.tooMany('status.pools', pools.length, MAX_POOLS)]
      : pools.flatMap((pool, i) => poolProblems(pool, `status.pools[${i}]`))),
    ...(conditions.length > MAX_CONDITIONS
      ? [field.tooMany('status.conditions', conditions.length, MAX_CONDITIONS)]
      : conditions.flatMap(({ type }, i) =>
          conditions.slice(0, i).some((before) => before.type === type)
            ? [field.duplicate(`status.conditions[${i}]`, { type })]
            : [],
        )),
  ]
}

/** Upstream: Validate_PoolStatus. */
function poolProblems(pool: Pool, at: string): FieldError[] {
  const { generation = 0, resourceSliceCount: slices, nodeName, validationError = '' } = pool
  return [
    ...driverProblems(`${at}.driver`, pool.driver),
    ...poolNameProblems(`${at}.poolName`, pool.poolName),
    ...(generation === 0 ? [field.required(`${at}.generation`)] : checkNonNegative(`${at}.generation`, generation)),
    ...(slices !== undefined && slices < 1
      ? [field.invalid(`${at}.resourceSliceCount`, slices, 'must be greater than or equal to 1')]
      : []),
    ...COUNTS.flatMap((name) => checkNonNegative(`${at}.${name}`, pool[name])),
    ...(nodeName === undefined ? [] : invalidFor(`${at}.nodeName`, nodeName, [dnsSubdomainProblem(nodeName)])),
    ...(Buffer.byteLength(validationError) > MAX_ERROR ? [field.tooLong(`${at}.validationError`, MAX_ERROR)] : []),
  ]
}

/** Upstream: LongNameCaseless. */
function driverProblems(path: string, name = ''): FieldError[] {
  if (name === '') return [field.required(path)]
  return invalidFor(path, name, [dnsSubdomainCaselessProblem(name)])
}

/** Upstream: ResourcePoolName. */
function poolNameProblems(path: string, name = ''): FieldError[] {
  if (name === '') return [field.required(path)]
  const segments = name.split('/').flatMap((part, i) => {
    if (part === '') return [field.invalid(path, name, `segment ${i}: must not be empty`)]
    const problem = dnsSubdomainProblem(part)
    return problem ? [field.invalid(path, part, `segment ${i}: ${problem}`)] : []
  })
  return [...(name.length > MAX_POOL ? [field.tooLong(path, MAX_POOL)] : []), ...segments]
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
  lateStatus: true,
  resets: STATUS_ALONE,
  unconditionalUpdate: false,
  defaults({ spec }) {
    spec.limit ??= 100
  },
  validateCreate({ spec }) {
    const limit = spec.limit ?? 0
    return [
      ...driverProblems('spec.driver', spec.driver),
      ...(spec.poolName === undefined ? [] : poolNameProblems('spec.poolName', spec.poolName)),
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
