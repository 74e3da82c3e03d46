// resource.k8s.io/v1beta1: a device had its details under `basic`, and a request those of `exactly` beside its name.
// Model: k8s.io/kubernetes/pkg/apis/resource/v1beta1/conversion.go.

import { type LegacyConversion, part, records } from './conversion.ts'
import { isRecord, type VersionedObject } from './versioned-object.ts'

type Json = Record<string, unknown>

/** What a request says of exactly one class of devices. */
const EXACT = ['deviceClassName', 'selectors', 'allocationMode', 'count', 'adminAccess', 'tolerations', 'capacity']

/** A zero is what Go takes for not set. */
const isSet = (value: unknown) => value !== undefined && value !== null && value !== '' && value !== 0

function requestToStorage(request: Json): Json {
  const exact = Object.fromEntries(Object.entries(request).filter(([name]) => EXACT.includes(name)))
  const rest = Object.fromEntries(Object.entries(request).filter(([name]) => !EXACT.includes(name)))
  if (!Object.values(exact).some(isSet)) return rest
  return { ...rest, exactly: { ...exact, deviceClassName: exact.deviceClassName ?? '' } }
}

function requestFromStorage({ exactly, ...rest }: Json): Json {
  return isRecord(exactly) ? { ...rest, ...exactly } : rest
}

function editRequests(spec: Json, edit: (request: Json) => Json): Json {
  const devices = part(spec, 'devices')
  if (!Array.isArray(devices.requests)) return spec
  return { ...spec, devices: { ...devices, requests: records(devices, 'requests').map(edit) } }
}

function claim(edit: (request: Json) => Json): (object: Json) => Json {
  return (object) => (isRecord(object.spec) ? { ...object, spec: editRequests(object.spec, edit) } : object)
}

function template(edit: (request: Json) => Json): (object: Json) => Json {
  return (object) => {
    const spec = part(object, 'spec')
    return isRecord(spec.spec) ? { ...object, spec: { ...spec, spec: editRequests(spec.spec, edit) } } : object
  }
}

function slice(edit: (device: Json) => Json): (object: Json) => Json {
  return (object) => {
    const spec = part(object, 'spec')
    if (!Array.isArray(spec.devices)) return object
    return { ...object, spec: { ...spec, devices: records(spec, 'devices').map(edit) } }
  }
}

function deviceToStorage({ basic, ...rest }: Json): Json {
  return isRecord(basic) ? { ...rest, ...basic } : rest
}

function deviceFromStorage({ name, ...basic }: Json): Json {
  return { ...(name === undefined ? {} : { name }), basic }
}

function both(toStorage: (object: Json) => Json, fromStorage: (object: Json) => Json): LegacyConversion {
  return {
    toStorage: (object) => toStorage(object) as VersionedObject,
    fromStorage: (object) => fromStorage(object as Json) as VersionedObject,
  }
}

export const betaClaims = both(claim(requestToStorage), claim(requestFromStorage))
export const betaClaimTemplates = both(template(requestToStorage), template(requestFromStorage))
export const betaSlices = both(slice(deviceToStorage), slice(deviceFromStorage))
