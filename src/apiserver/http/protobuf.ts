// Answers in protobuf: objects, lists, partial metadata and watch frames. What is stored is encoded once per version.
// Spec: https://kubernetes.io/docs/reference/using-api/api-concepts/#protobuf-encoding

import { notAcceptable } from '../../machinery/errors.ts'
import {
  closeEnvelope,
  encodeList,
  encodeMessage,
  encodePartialMetadata,
  encodeWatchFrame,
  protobufTypeOf,
} from '../../machinery/protobuf/codec.ts'
import type { Entry } from '../registry/entry.ts'
import type { ServedVersion } from '../registry/resource.ts'

interface Kinded {
  readonly kind?: string
  readonly apiVersion?: string
  readonly [field: string]: unknown
}

/** Messages of entries, without their envelopes: shared by reads, lists and watches. */
const messages = new WeakMap<Entry, Buffer>()

/** Whether objects of this version can be sent in protobuf: custom resources cannot. */
export function hasProtobuf({ apiVersion, kind }: Pick<ServedVersion, 'apiVersion' | 'kind'>): boolean {
  return protobufTypeOf(apiVersion, kind) !== undefined
}

/** An object in its envelope. Throws NotAcceptable for kinds that have no protobuf form. */
export function protobufOf(object: Kinded): Buffer {
  const { apiVersion = 'v1', kind = '' } = object
  return closeEnvelope({ apiVersion, kind, raw: messageOf(object) })
}

function messageOf(object: Kinded): Buffer {
  const { apiVersion = 'v1', kind = '' } = object
  if (kind === 'PartialObjectMetadata') return encodePartialMetadata(object)
  if (kind === 'PartialObjectMetadataList') {
    const { metadata, items } = object as unknown as { metadata: Record<string, unknown>; items: Kinded[] }
    return encodeList(metadata, items.map(encodePartialMetadata))
  }
  const ref = protobufTypeOf(apiVersion, kind)
  if (ref === undefined) throw notAcceptable(['application/json', 'application/yaml'])
  return encodeMessage(ref, object)
}

function messageOfEntry(entry: Entry): Buffer {
  const known = messages.get(entry)
  if (known) return known
  const made = messageOf(entry.object as unknown as Kinded)
  messages.set(entry, made)
  return made
}

/** A stored object in its envelope. */
export function protobufEntry(entry: Entry): Buffer {
  const { apiVersion, kind } = entry.object
  return closeEnvelope({ apiVersion, kind, raw: messageOfEntry(entry) })
}

/** A list of stored objects in its envelope: a concatenation of what is encoded already. */
export function protobufList(
  version: ServedVersion,
  metadata: Record<string, unknown>,
  entries: readonly Entry[],
): Buffer {
  const raw = encodeList(metadata, entries.map(messageOfEntry))
  return closeEnvelope({ apiVersion: version.apiVersion, kind: `${version.kind}List`, raw })
}

/** One event of a watch. */
export function protobufFrame(type: string, object: Buffer): Buffer {
  return encodeWatchFrame(type, object)
}
