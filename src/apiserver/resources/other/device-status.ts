// What is wrong with a write to the status of a claim for devices.
// Model: k8s.io/kubernetes/pkg/apis/resource/validation, ValidateResourceClaimStatusUpdate.

import type {
  AllocatedDeviceStatus,
  AllocationResult,
  DeviceRequestAllocationResult,
  NetworkDeviceData,
  ResourceClaim,
  ResourceClaimConsumerReference,
  ResourceClaimStatus,
} from '../../../api/generated/resource-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { sameJson } from '../../../machinery/same-json.ts'
import { validateConditions } from '../core/condition-validation.ts'
import { checkEnum, checkRequired, isReadableCidr } from '../core/field-checks.ts'
import { validateNodeSelector } from '../core/pod-scheduling.ts'
import { validateDriverName } from '../core/volume-sources.ts'
import {
  checkBinding,
  checkConfiguration,
  checkLabel,
  checkList,
  checkPoolName,
  checkRaw,
  checkRequestRef,
  type RequestNames,
} from './device-common.ts'
import { requestNames, requestRefProblems } from './device-rules.ts'
import { deviceValue } from './device-shapes.ts'

const MAX_RESERVED = 256
const MAX_RESULTS = 32
const MAX_CONFIG = 64
const MAX_CONDITIONS = 8
const MAX_IPS = 16
const MAX_INTERFACE = 256
const MAX_HARDWARE = 128
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

type DeviceId = Pick<AllocatedDeviceStatus, 'driver' | 'pool' | 'device' | 'shareID'>

/** A device as upstream's messages show it. */
function shownId({ driver, pool, device, shareID = '' }: DeviceId): object {
  return { Driver: driver ?? '', Pool: pool ?? '', Device: device ?? '', ShareID: shareID }
}

const idOf = (device: DeviceId) => JSON.stringify(shownId(device))

const resultsOf = ({ allocation }: ResourceClaimStatus) => allocation?.devices?.results ?? []

/** Devices that are given back have no status any more. Upstream: dropDeallocatedStatusDevices. */
export function dropReturnedDevices({ status }: ResourceClaim, { status: old }: ResourceClaim): void {
  const kept = new Set(resultsOf(status).map(idOf))
  const returned = new Set(
    resultsOf(old)
      .map(idOf)
      .filter((id) => !kept.has(id)),
  )
  const devices = (status.devices ?? []).filter((device) => !returned.has(idOf(device)))
  if (devices.length > 0) status.devices = devices
  else delete status.devices
}

/** Problems of a write to the status. */
export function claimStatusProblems({ metadata, spec, status }: ResourceClaim, old: ResourceClaim): FieldError[] {
  const { reservedFor = [], devices = [], allocation } = status
  const allocated = new Set(resultsOf(status).map(idOf))
  const at = 'status.reservedFor'
  const errors = [
    ...checkList(reservedFor, at, MAX_RESERVED, consumerProblems, ({ uid }) => uid ?? ''),
    ...checkList(
      devices,
      'status.devices',
      Infinity,
      (device, path) => deviceProblems(device, path, allocated),
      shownId,
    ),
  ]
  if (reservedFor.length > 0 && !allocation) {
    errors.push(field.forbidden(at, 'may not be specified when `allocated` is not set'))
  } else if (metadata.deletionTimestamp) {
    const before = old.status.reservedFor ?? []
    if (reservedFor.some((consumer) => !before.some((other) => sameJson(other, consumer)))) {
      const why = 'new entries may not be added while `deallocationRequested` or `deletionTimestamp` are set'
      errors.push(field.forbidden(at, why))
    }
  }
  if (!allocation) return errors
  // What was found once stays; rules for what is found now may be stricter.
  if (!old.status.allocation) {
    return [...errors, ...allocationProblems(allocation, 'status.allocation', requestNames(spec.devices ?? {}))]
  }
  if (sameJson(allocation, old.status.allocation)) return errors
  const shown = deviceValue('AllocationResult', allocation)
  return [...errors, field.invalid('status.allocation', shown, 'field is immutable')]
}

function consumerProblems(consumer: ResourceClaimConsumerReference, path: string): FieldError[] {
  return (['resource', 'name', 'uid'] as const).flatMap((name) => checkRequired(`${path}.${name}`, consumer[name]))
}

function allocationProblems(allocation: AllocationResult, path: string, names: RequestNames): FieldError[] {
  const { devices = {}, nodeSelector } = allocation
  const { results = [], config = [] } = devices
  return [
    ...checkList(results, `${path}.devices.results`, MAX_RESULTS, (result, at) => resultProblems(result, at, names)),
    ...checkList(config, `${path}.devices.config`, MAX_CONFIG, (configuration, at) => [
      ...checkEnum(`${at}.source`, configuration.source, ['FromClaim', 'FromClass']),
      ...requestRefProblems(configuration.requests, `${at}.requests`, names),
      ...checkConfiguration(at, configuration),
    ]),
    ...(nodeSelector ? validateNodeSelector(nodeSelector, `${path}.nodeSelector`) : []),
  ]
}

function resultProblems(result: DeviceRequestAllocationResult, path: string, names: RequestNames): FieldError[] {
  const { request = '', driver, pool, device, shareID } = result
  return [
    ...checkRequestRef(`${path}.request`, request, names),
    ...validateDriverName(`${path}.driver`, driver),
    ...checkPoolName(`${path}.pool`, pool),
    ...checkLabel(`${path}.device`, device),
    ...checkBinding(path, result),
    ...shareProblems(shareID, `${path}.shareID`),
  ]
}

function shareProblems(id: string | undefined, path: string): FieldError[] {
  if (id === undefined) return []
  if (!UUID.test(id)) {
    const why = id.length === 36 ? 'invalid UUID format' : `invalid UUID length: ${id.length}`
    return [field.invalid(path, id, `error validating uid: ${why}`)]
  }
  if (id === id.toLowerCase()) return []
  const why =
    'uid must be in RFC 4122 normalized form, `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx` with lowercase hexadecimal characters'
  return [field.invalid(path, id, why)]
}

function deviceProblems(status: AllocatedDeviceStatus, path: string, allocated: ReadonlySet<string>): FieldError[] {
  const { driver, pool, device, shareID, data, networkData } = status
  const conditions = status.conditions ?? []
  return [
    ...validateDriverName(`${path}.driver`, driver),
    ...checkPoolName(`${path}.pool`, pool),
    ...checkLabel(`${path}.device`, device),
    ...shareProblems(shareID, `${path}.shareID`),
    ...(allocated.has(idOf(status))
      ? []
      : [field.invalid(path, shownId(status), 'must be an allocated device in the claim')]),
    ...(conditions.length > MAX_CONDITIONS
      ? [field.tooMany(`${path}.conditions`, conditions.length, MAX_CONDITIONS)]
      : []),
    ...validateConditions(conditions, `${path}.conditions`),
    ...(data === undefined ? [] : checkRaw(`${path}.data`, data)),
    ...(networkData ? networkProblems(networkData, `${path}.networkData`) : []),
  ]
}

function networkProblems(network: NetworkDeviceData, path: string): FieldError[] {
  const { interfaceName = '', hardwareAddress = '', ips = [] } = network
  const tooLong = (name: string, text: string, max: number) =>
    Buffer.byteLength(text) > max ? [field.tooLong(`${path}.${name}`, max)] : []
  return [
    ...tooLong('interfaceName', interfaceName, MAX_INTERFACE),
    ...tooLong('hardwareAddress', hardwareAddress, MAX_HARDWARE),
    ...checkList(ips, `${path}.ips`, MAX_IPS, interfaceAddressProblems, (ip) => ip),
  ]
}

/** Upstream: IsValidInterfaceAddress. */
function interfaceAddressProblems(value: string, path: string): FieldError[] {
  if (!isReadableCidr(value)) {
    const why = 'must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)'
    return [field.invalid(path, value, why)]
  }
  const [address = '', bits = ''] = value.split('/')
  const plain = address.includes(':')
    ? new URL(`http://[${address}]`).hostname.slice(1, -1)
    : address.split('.').map(Number).join('.')
  const canonical = `${plain}/${Number(bits)}`
  return canonical === value
    ? []
    : [field.invalid(path, value, `must be in canonical form (${JSON.stringify(canonical)})`)]
}
