// What v1beta1 and v1beta2 had at the top of an object, and metadata has today.

import { defined, filled, isRecord, type Json, type Notes } from './notes.ts'

const MOVED = [
  'namespace',
  'labels',
  'annotations',
  'generateName',
  'uid',
  'resourceVersion',
  'creationTimestamp',
  'selfLink',
]
/** Set by the server alone. */
const SERVERS = ['creationTimestamp', 'resourceVersion', 'selfLink', 'uid']
const MAX_LABEL = 63
const MAX_PORT_NAME = 15

/** What a name is called today: DNS allows less than the old versions did. */
function clean(name: string, allowed: RegExp): string {
  return name
    .toLowerCase()
    .replace(allowed, '-')
    .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '')
}

function settled(given: string, name: string, what: string, notes: Notes): string {
  if (name !== given)
    notes.say(`${what} ${JSON.stringify(given)} is written ${JSON.stringify(name)}: names are DNS labels now`)
  return name
}

/** The name of an object. */
function dnsName(name: unknown, what: string, notes: Notes): string {
  const given = String(name)
  return settled(given, clean(given, /[^a-z0-9.-]+/g), what, notes)
}

/** The name of a part of an object (a container, a volume, a port), which may hold no dots and is short. */
export function dnsLabel(name: unknown, what: string, notes: Notes, maxLength = MAX_LABEL): string {
  const given = String(name)
  return settled(given, clean(clean(given, /[^a-z0-9-]+/g).slice(0, maxLength), /[^a-z0-9-]+/g), what, notes)
}

/** The name of a port, on both of its sides. */
export function portLabel(name: unknown, notes: Notes): string {
  return dnsLabel(name, 'port name', notes, MAX_PORT_NAME)
}

/** Splits an old object into metadata and all else. */
export function splitMetadata(object: Json, notes: Notes): { metadata: Json; rest: Json } {
  const { apiVersion: _, kind: __, id, metadata: given, ...others } = object
  const metadata: Json = isRecord(given) ? { ...given } : {}
  if (id !== undefined) {
    notes.moved('id', 'metadata.name')
    metadata.name ??= id
  }
  const rest: Json = { ...others }
  for (const field of MOVED) {
    if (!(field in rest)) continue
    const value = rest[field]
    delete rest[field]
    if (!filled(value) || SERVERS.includes(field)) continue
    notes.moved(field, `metadata.${field}`)
    metadata[field] ??= value
  }
  for (const field of SERVERS) delete metadata[field]
  if (metadata.name !== undefined) metadata.name = dnsName(metadata.name, 'name', notes)
  return { metadata: defined(metadata), rest }
}
