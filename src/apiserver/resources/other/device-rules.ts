// What is wrong with claims for devices, classes of devices, and what nodes offer.
// Model: k8s.io/kubernetes/pkg/apis/resource/validation. Selectors' expressions are not compiled: nothing evaluates them.

import type {
  DeviceClaim,
  DeviceClaimConfiguration,
  DeviceClassSpec,
  DeviceRequest,
  DeviceSelector,
  DeviceSubRequest,
  ExactDeviceRequest,
  ResourceSlice,
} from '../../../api/generated/resource-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { dnsLabelProblem, dnsSubdomainProblem } from '../../../machinery/names.ts'
import { immutable } from '../core/field-checks.ts'

const MAX_REQUESTS = 32
const MAX_FIRST_AVAILABLE = 8
const MAX_SELECTORS = 32
const MAX_DEVICES = 128
const MAX_DRIVER = 63
const MAX_POOL = 253
const MAX_EXPRESSION = 10 * 1024
const MODES = ['All', 'ExactCount']

/** Checks each of a list that may not be too long, and whose names may not be the same. */
function checkList<T>(
  list: readonly T[],
  path: string,
  max: number,
  check: (item: T, path: string) => FieldError[],
  idOf?: (item: T) => string,
): FieldError[] {
  const errors: FieldError[] = []
  const seen = new Set<string>()
  for (const [i, item] of list.entries()) {
    errors.push(...check(item, `${path}[${i}]`))
    const id = idOf?.(item)
    if (id === undefined) continue
    if (seen.has(id)) errors.push(field.duplicate(`${path}[${i}]`, id))
    seen.add(id)
  }
  if (list.length > max) errors.push(field.tooMany(path, list.length, max))
  return errors
}

function named(path: string, name: string | undefined, problemOf: (name: string) => string | undefined): FieldError[] {
  if (!name) return [field.required(path)]
  const problem = problemOf(name)
  return problem === undefined ? [] : [field.invalid(path, name, problem)]
}

const checkLabel = (path: string, name: string | undefined) => named(path, name, dnsLabelProblem)

function checkDriver(path: string, name: string | undefined): FieldError[] {
  if (name && name.length > MAX_DRIVER) return [field.tooLong(path, MAX_DRIVER)]
  return named(path, name, dnsSubdomainProblem)
}

/** Problems of what a claim asks for. */
export function claimProblems(claim: DeviceClaim | undefined, path: string): FieldError[] {
  const { requests = [], constraints = [], config = [] } = claim ?? {}
  return [
    ...checkList(requests, `${path}.requests`, MAX_REQUESTS, requestProblems, ({ name }) => name),
    ...checkList(constraints, `${path}.constraints`, MAX_REQUESTS, ({ matchAttribute, distinctAttribute }, at) =>
      matchAttribute || distinctAttribute ? [] : [field.required(`${at}.matchAttribute`)],
    ),
    ...checkList(config, `${path}.config`, MAX_REQUESTS, configProblems),
  ]
}

function requestProblems({ name, exactly, firstAvailable = [] }: DeviceRequest, path: string): FieldError[] {
  const errors = checkLabel(`${path}.name`, name)
  const one = 'exactly one of `exactly` or `firstAvailable` is required'
  if (exactly && firstAvailable.length > 0) {
    errors.push(field.invalid(path, 'null', `${one}, but multiple fields are set`))
  } else if (exactly) errors.push(...amountProblems(exactly, `${path}.exactly`))
  else if (firstAvailable.length === 0) errors.push(field.required(path, one))
  else {
    const check = (sub: DeviceSubRequest, at: string) => [
      ...checkLabel(`${at}.name`, sub.name),
      ...amountProblems(sub, at),
    ]
    errors.push(...checkList(firstAvailable, `${path}.firstAvailable`, MAX_FIRST_AVAILABLE, check, (sub) => sub.name))
  }
  return errors
}

function amountProblems(request: ExactDeviceRequest | DeviceSubRequest, path: string): FieldError[] {
  const { deviceClassName, selectors = [], allocationMode = '', count } = request
  const errors = [
    ...named(`${path}.deviceClassName`, deviceClassName, dnsSubdomainProblem),
    ...checkList(selectors, `${path}.selectors`, MAX_SELECTORS, selectorProblems),
  ]
  if (!MODES.includes(allocationMode)) {
    errors.push(field.notSupported(`${path}.allocationMode`, allocationMode, MODES))
  } else if (allocationMode === 'All' && count) {
    errors.push(field.invalid(`${path}.count`, count, "must not be specified when allocationMode is 'All'"))
  } else if (allocationMode === 'ExactCount' && (count ?? 0) <= 0) {
    errors.push(field.invalid(`${path}.count`, count ?? 0, 'must be greater than zero'))
  }
  return errors
}

function selectorProblems({ cel }: DeviceSelector, path: string): FieldError[] {
  if (!cel) return [field.required(`${path}.cel`)]
  if (!cel.expression) return [field.required(`${path}.cel.expression`)]
  return cel.expression.length > MAX_EXPRESSION ? [field.tooLong(`${path}.cel.expression`, MAX_EXPRESSION)] : []
}

function configProblems({ opaque }: Pick<DeviceClaimConfiguration, 'opaque'>, path: string): FieldError[] {
  if (!opaque) return [field.required(`${path}.opaque`)]
  const errors = checkDriver(`${path}.opaque.driver`, opaque.driver)
  if (opaque.parameters === undefined) errors.push(field.required(`${path}.opaque.parameters`))
  return errors
}

/** Problems of a class of devices. */
export function classProblems({ selectors = [], config = [] }: DeviceClassSpec, path: string): FieldError[] {
  return [
    ...checkList(selectors, `${path}.selectors`, MAX_SELECTORS, selectorProblems),
    ...checkList(config, `${path}.config`, MAX_REQUESTS, configProblems),
  ]
}

/** Problems of what a node, or some nodes, offer. */
export function sliceProblems({ spec }: ResourceSlice): FieldError[] {
  const { driver, pool, devices = [] } = spec
  return [
    ...checkDriver('spec.driver', driver),
    ...poolProblems(pool),
    ...placeProblems(spec),
    ...checkList(
      devices,
      'spec.devices',
      MAX_DEVICES,
      ({ name }, at) => checkLabel(`${at}.name`, name),
      (d) => d.name,
    ),
  ]
}

function poolProblems(pool: ResourceSlice['spec']['pool'] | undefined): FieldError[] {
  const { name = '', generation = 0, resourceSliceCount = 0 } = pool ?? {}
  const errors: FieldError[] = []
  if (name === '') errors.push(field.required('spec.pool.name'))
  else if (name.length > MAX_POOL) errors.push(field.tooLong('spec.pool.name', MAX_POOL))
  else {
    const problem = name.split('/').map(dnsSubdomainProblem).find(Boolean)
    if (problem) errors.push(field.invalid('spec.pool.name', name, problem))
  }
  if (resourceSliceCount <= 0) {
    errors.push(field.invalid('spec.pool.resourceSliceCount', resourceSliceCount, 'must be greater than zero'))
  }
  if (generation < 0) {
    errors.push(field.invalid('spec.pool.generation', generation, 'must be greater than or equal to zero'))
  }
  return errors
}

function placeProblems(spec: ResourceSlice['spec']): FieldError[] {
  const set = (['nodeName', 'nodeSelector', 'allNodes', 'perDeviceNodeSelection'] as const).filter((name) => spec[name])
  const one = 'exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required'
  if (set.length === 0) return [field.required('spec', one)]
  if (set.length === 1) return []
  const named = set.map((name) => `\`${name}\``).join(', ')
  return [field.invalid('spec', `{${named}}`, `${one}, but multiple fields are set`)]
}

/** What of a slice may not change. */
export function sliceChanges({ spec }: ResourceSlice, { spec: old }: ResourceSlice): FieldError[] {
  return [
    ...immutable('spec.driver', spec.driver, old.driver),
    ...immutable('spec.pool.name', spec.pool?.name, old.pool?.name),
    ...immutable('spec.nodeName', spec.nodeName, old.nodeName),
  ]
}
