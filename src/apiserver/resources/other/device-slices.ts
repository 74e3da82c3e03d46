// What is wrong with what a node, or some nodes, offer.
// Model: k8s.io/kubernetes/pkg/apis/resource/validation.

import type {
  CounterSet,
  Device,
  DeviceAttribute,
  DeviceCounterConsumption,
  NodeAllocatableResourceMapping,
  ResourceSlice,
  ResourceSliceSpec,
} from '../../../api/generated/resource-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { compareQuantities } from '../../../machinery/quantity.ts'
import { sameJson } from '../../../machinery/same-json.ts'
import { checkSubdomain, immutable } from '../core/field-checks.ts'
import { validateNodeSelector } from '../core/pod-scheduling.ts'
import { canonical, isNative } from '../core/resource-requirements.ts'
import { validateDriverName } from '../core/volume-sources.ts'
import { requestPolicyProblems } from './device-capacity.ts'
import { checkBinding, checkLabel, checkList, checkPoolName, checkQualifiedId, checkTaint } from './device-common.ts'
import { deviceValue } from './device-shapes.ts'

const MAX_DEVICES = 128
const MAX_ADVANCED_DEVICES = 64
const MAX_COUNTER_SETS = 8
const MAX_COUNTERS = 32
const MAX_CONSUMPTIONS = 2
const MAX_TAINTS = 16
const MAX_IDS = 32
const MAX_VALUES = 48
const MAX_VALUE = 64
const NUMBER = '(0|[1-9]\\d*)'
const PRE_RELEASE = '(0|[1-9]\\d*|\\d*[a-zA-Z-][0-9a-zA-Z-]*)'
const BUILD = '[0-9a-zA-Z-]+'
const SEMVER = new RegExp(
  `^${NUMBER}\\.${NUMBER}\\.${NUMBER}(-${PRE_RELEASE}(\\.${PRE_RELEASE})*)?(\\+${BUILD}(\\.${BUILD})*)?$`,
)

/** Problems of a slice. */
export function sliceProblems({ spec }: ResourceSlice, old?: ResourceSlice): FieldError[] {
  const { driver, pool, devices = [], sharedCounters = [] } = spec
  const errors = [
    ...validateDriverName('spec.driver', driver),
    ...poolProblems(pool),
    ...(old ? changeProblems(spec, old.spec) : []),
    ...placeProblems(spec),
  ]
  if (spec.sharedCounters && spec.devices) {
    errors.push(field.invalid('spec', '', 'only one of `sharedCounters` or `devices` is allowed'))
  }
  const before = new Map((old?.spec.devices ?? []).map((device) => [device.name, device]))
  const max = devices.some(isAdvanced) ? MAX_ADVANCED_DEVICES : MAX_DEVICES
  const check = (device: Device, at: string) =>
    deviceProblems(device, before.get(device.name), at, spec.perDeviceNodeSelection === true)
  return [
    ...errors,
    ...checkList(devices, 'spec.devices', max, check, ({ name }) => name ?? ''),
    ...checkList(sharedCounters, 'spec.sharedCounters', MAX_COUNTER_SETS, counterSetProblems, ({ name }) => name ?? ''),
  ]
}

/** A device of which a slice may have fewer. */
function isAdvanced({ taints = [], consumesCounters = [], attributes = {} }: Device): boolean {
  const lists = (attribute: DeviceAttribute) =>
    attribute.bools ?? attribute.ints ?? attribute.strings ?? attribute.versions
  return taints.length > 0 || consumesCounters.length > 0 || Object.values(attributes).some((a) => lists(a))
}

function changeProblems(spec: ResourceSliceSpec, old: ResourceSliceSpec): FieldError[] {
  return [
    ...immutable('spec.pool.name', spec.pool?.name ?? '', old.pool?.name ?? ''),
    ...immutable('spec.driver', spec.driver, old.driver),
    ...immutable('spec.nodeName', spec.nodeName, old.nodeName),
  ]
}

function poolProblems(pool: Partial<ResourceSliceSpec['pool']> = {}): FieldError[] {
  const { name, generation = 0, resourceSliceCount = 0 } = pool
  const errors = checkPoolName('spec.pool.name', name)
  if (resourceSliceCount <= 0) {
    errors.push(field.invalid('spec.pool.resourceSliceCount', resourceSliceCount, 'must be greater than zero'))
  }
  if (generation < 0) {
    errors.push(field.invalid('spec.pool.generation', generation, 'must be greater than or equal to zero'))
  }
  return errors
}

const UNSET_OR_TRUE = 'must be either unset or set to true'
const quoted = (names: readonly string[]) => names.map((name) => `\`${name}\``).join(', ')

function placeProblems(spec: ResourceSliceSpec): FieldError[] {
  const { nodeName, nodeSelector } = spec
  const errors: FieldError[] = []
  if (nodeName) errors.push(...checkSubdomain('spec.nodeName', nodeName))
  else if (nodeName === '') {
    errors.push(field.invalid('spec.nodeName', '', 'must be either unset or set to a non-empty string'))
  }
  if (nodeSelector) {
    const at = 'spec.nodeSelector'
    errors.push(...validateNodeSelector(nodeSelector, at))
    const terms = nodeSelector.nodeSelectorTerms ?? []
    if (terms.length !== 1) {
      const shown = (deviceValue('NodeSelector', nodeSelector) as { NodeSelectorTerms: unknown }).NodeSelectorTerms
      errors.push(field.invalid(`${at}.nodeSelectorTerms`, shown, 'must have exactly one node selector term'))
    }
  }
  for (const name of ['allNodes', 'perDeviceNodeSelection'] as const) {
    if (spec[name] === false) errors.push(field.invalid(`spec.${name}`, false, UNSET_OR_TRUE))
  }
  const places = ['nodeName', 'nodeSelector', 'allNodes', 'perDeviceNodeSelection'] as const
  const set = places.filter((name) => spec[name])
  const one = `exactly one of ${quoted(places)} is required`
  if (set.length === 0) errors.push(field.required('spec', one))
  if (set.length > 1) errors.push(field.invalid('spec', `{${quoted(set)}}`, `${one}, but multiple fields are set`))
  return errors
}

function devicePlaceProblems(device: Device, path: string): FieldError[] {
  const { nodeName, nodeSelector, allNodes } = device
  const errors: FieldError[] = []
  if (nodeName) errors.push(...checkSubdomain(`${path}.nodeName`, nodeName))
  else if (nodeName === '') errors.push(field.invalid(`${path}.nodeName`, '', 'must not be empty'))
  if (nodeSelector) errors.push(...validateNodeSelector(nodeSelector, `${path}.nodeSelector`))
  if (allNodes === false) errors.push(field.invalid(`${path}.allNodes`, false, UNSET_OR_TRUE))
  const set = (['nodeName', 'nodeSelector', 'allNodes'] as const).filter((name) => device[name])
  const one =
    'exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec'
  if (set.length === 0) errors.push(field.required(path, one))
  if (set.length > 1) errors.push(field.invalid(path, `{${quoted(set)}}`, one))
  return errors
}

function deviceProblems(device: Device, old: Device | undefined, path: string, ownPlace: boolean): FieldError[] {
  const { attributes = {}, capacity = {}, taints = [], consumesCounters = [] } = device
  const errors = checkLabel(`${path}.name`, device.name)
  const count = Object.keys(attributes).length + Object.keys(capacity).length
  if (count > MAX_IDS) {
    errors.push(field.invalid(path, count, `the total number of attributes and capacities must not exceed ${MAX_IDS}`))
  }
  const values = Object.values(attributes).reduce((sum, attribute) => sum + valueCount(attribute), 0)
  if (values > MAX_VALUES) {
    errors.push(field.invalid(path, values, `the total number of attribute values must not exceed ${MAX_VALUES}`))
  }
  for (const [id, attribute] of Object.entries(attributes)) {
    errors.push(...checkQualifiedId(`${path}.attributes`, id))
    errors.push(...attributeProblems(attribute, `${path}.attributes[${shortened(id, 96)}]`))
  }
  for (const [id, { value, requestPolicy }] of Object.entries(capacity)) {
    const at = `${path}.capacity[${shortened(id, 96)}].requestPolicy`
    errors.push(...checkQualifiedId(`${path}.capacity`, id))
    if (!requestPolicy) continue
    if (device.allowMultipleAllocations) errors.push(...requestPolicyProblems(value, requestPolicy, at))
    else errors.push(field.forbidden(at, 'allowMultipleAllocations must be true'))
  }
  if (!old || !sameJson(taints, old.taints ?? [])) {
    errors.push(...checkList(taints, `${path}.taints`, MAX_TAINTS, (taint, at) => checkTaint(at, taint)))
  }
  const counters = `${path}.consumesCounters`
  errors.push(
    ...checkList(consumesCounters, counters, MAX_CONSUMPTIONS, consumptionProblems, (c) => c.counterSet ?? ''),
  )
  if (ownPlace) errors.push(...devicePlaceProblems(device, path))
  else if (device.nodeName !== undefined || device.nodeSelector || device.allNodes !== undefined) {
    const why =
      '`nodeName`, `nodeSelector` and `allNodes` can only be set if `perDeviceNodeSelection` is set to true in the ResourceSlice spec'
    errors.push(field.invalid(path, null, why))
  }
  return [
    ...errors,
    ...checkBinding(path, device),
    ...mappingProblems(device, `${path}.nodeAllocatableResourceMappings`),
  ]
}

/** A key in a path, not longer than it may be. Upstream: truncateIfTooLong. */
function shortened(text: string, max: number): string {
  if (text.length <= max) return text
  const rest = max - 3
  return `${text.slice(0, Math.floor((rest + 1) / 2))}...${text.slice(text.length - Math.floor(rest / 2))}`
}

function valueCount({ bools = [], ints = [], strings = [], versions = [] }: DeviceAttribute): number {
  return bools.length + ints.length + strings.length + versions.length || 1
}

function attributeProblems(attribute: DeviceAttribute, path: string): FieldError[] {
  const errors: FieldError[] = []
  if (attribute.string !== undefined) errors.push(...lengthProblems(attribute.string, `${path}.string`))
  if (attribute.version !== undefined) errors.push(...versionProblems(attribute.version, `${path}.version`))
  for (const name of ['bools', 'ints', 'strings', 'versions'] as const) {
    if (attribute[name]?.length === 0) {
      errors.push(field.invalid(`${path}.${name}`, [], 'must not be empty if specified'))
    }
  }
  errors.push(...(attribute.strings ?? []).flatMap((text, i) => lengthProblems(text, `${path}.strings[${i}]`)))
  errors.push(...(attribute.versions ?? []).flatMap((text, i) => versionProblems(text, `${path}.versions[${i}]`)))
  const count = Object.values(attribute).filter((value) => value !== undefined && value !== null).length
  if (count === 1) return errors
  const shown = count === 0 ? '' : deviceValue('DeviceAttribute', attribute)
  return [...errors, field.invalid(path, shown, 'exactly one value must be specified')]
}

function lengthProblems(text: string, path: string): FieldError[] {
  return Buffer.byteLength(text) > MAX_VALUE ? [field.tooLong(path, MAX_VALUE)] : []
}

function versionProblems(text: string, path: string): FieldError[] {
  const why = 'must be a string compatible with semver.org spec 2.0.0'
  return [...(SEMVER.test(text) ? [] : [field.invalid(path, text, why)]), ...lengthProblems(text, path)]
}

function counterProblems(counters: Readonly<Record<string, unknown>> | undefined, path: string): FieldError[] {
  const names = Object.keys(counters ?? {})
  if (names.length === 0) return [field.required(path)]
  if (names.length > MAX_COUNTERS) return [field.tooMany(path, names.length, MAX_COUNTERS)]
  return names.flatMap((name) => checkLabel(path, name))
}

function counterSetProblems({ name, counters }: CounterSet, path: string): FieldError[] {
  const at = `${path}.name`
  return [...(name ? checkLabel(at, name) : [field.required(at)]), ...counterProblems(counters, `${path}.counters`)]
}

function consumptionProblems({ counterSet, counters }: DeviceCounterConsumption, path: string): FieldError[] {
  const at = `${path}.counterSet`
  return [
    ...(counterSet ? checkLabel(at, counterSet) : [field.required(at)]),
    ...counterProblems(counters, `${path}.counters`),
  ]
}

function mappingProblems(device: Device, path: string): FieldError[] {
  const { nodeAllocatableResourceMappings: mappings = {}, capacity = {} } = device
  return Object.entries(mappings).flatMap(([name, mapping]) => {
    const at = `${path}[${name}]`
    const why = 'must be a node allocatable resource name'
    return [...(isNative(name) ? [] : [field.invalid(at, name, why)]), ...amountProblems(mapping, capacity, at)]
  })
}

function amountProblems(
  { allocationMultiplier: factor, capacityKey: key }: NodeAllocatableResourceMapping,
  capacity: object,
  path: string,
): FieldError[] {
  if (factor === undefined && key === undefined) {
    return [field.invalid(path, '', 'at least one of allocationMultiplier or capacityKey must be set')]
  }
  const errors: FieldError[] = []
  if (factor !== undefined && compareQuantities(factor, '0') <= 0) {
    errors.push(field.invalid(`${path}.allocationMultiplier`, canonical(factor), 'must be positive'))
  }
  const at = `${path}.capacityKey`
  if (key === '') errors.push(field.invalid(at, '', 'capacityKey must not be an empty string'))
  else if (key !== undefined && !(key in capacity)) errors.push(field.notFound(at, key))
  return errors
}
