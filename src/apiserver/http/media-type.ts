// Which representation a client wants. Spec: https://kubernetes.io/docs/reference/using-api/api-concepts/#alternate-representations-of-resources
// Model: k8s.io/apiserver/pkg/endpoints/handlers/negotiation.

import { notAcceptable } from '../../machinery/errors.ts'

/** `format` is how bytes look, `as` what object they show. */
export interface Representation {
  readonly format: 'json' | 'yaml' | 'protobuf' | 'cbor'
  readonly as: 'object' | 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList'
  /** Group version of the wrapper kind, `meta.k8s.io/v1`. */
  readonly wrapperVersion: string
  readonly pretty: boolean
  /** Long answers may be compressed. */
  readonly gzip: boolean
}

export const PROTOBUF = 'application/vnd.kubernetes.protobuf'
export const CBOR = 'application/cbor'
/** Items of CBOR one after another. */
export const CBOR_SEQUENCE = 'application/cbor-seq'
const ACCEPTED = ['application/json', 'application/yaml', PROTOBUF]
const STREAMED = ['application/json;stream=watch', `${PROTOBUF};stream=watch`]
const FORMATS = ['json', 'yaml', 'protobuf', 'cbor'] as const
const OBJECT_JSON: Representation = { format: 'json', as: 'object', wrapperVersion: '', pretty: false, gzip: false }
const OBJECT_JSON_GZIP: Representation = { ...OBJECT_JSON, gzip: true }

/** What negotiation goes by. */
export interface Accepting {
  readonly accept?: string | undefined
  readonly 'accept-encoding'?: string | string[] | undefined
  readonly 'user-agent'?: string | undefined
}

/** What there is a form for, and what the request says beside its headers. */
export interface Answerable {
  /** Whether the kind can be sent in protobuf. */
  readonly protobuf: boolean
  /** Whether CBOR is served. */
  readonly cbor?: boolean
  /** Whether it can be shown as something else; absent: it can. */
  readonly transforms?: boolean
  /** Whether it can be shown as a Table; absent: it can. */
  readonly tables?: boolean
  /** The answer is a stream of watch events. */
  readonly stream?: boolean
  /** The query parameter of that name. */
  readonly pretty?: string | null
}

/** The first alternative of the Accept header, by what the client prefers, that can be served. Throws NotAcceptable. */
export function negotiate(headers: Accepting, can: Answerable): Representation {
  const { accept } = headers
  const base = wantsGzip(headers) ? OBJECT_JSON_GZIP : OBJECT_JSON
  const readable = isForReading(headers, can.pretty)
  const plain = readable ? { ...base, pretty: true } : base
  if (accept === undefined || accept === '' || accept === 'application/json' || accept === '*/*') return plain
  for (const clause of clausesOf(accept)) {
    for (const format of FORMATS) {
      if (!includesType(clause.type, TYPES[format])) continue
      const found = representationOf(clause, format, can)
      // Who accepts only what cannot be streamed cannot watch.
      if (found && can.stream && format === 'yaml') throw notAcceptable(acceptedBy(can))
      if (found) return { ...base, ...found, pretty: readable || found.pretty }
    }
  }
  // Streams are asked about only where something else would do (ListResource negotiates both, one after the other).
  throw notAcceptable(acceptedBy({ ...can, stream: false }))
}

function acceptedBy({ stream, cbor }: Answerable): string[] {
  if (stream) return cbor ? [...STREAMED, CBOR_SEQUENCE] : STREAMED
  return cbor ? [...ACCEPTED, CBOR] : ACCEPTED
}

/** One alternative of an Accept header. */
export interface Clause {
  readonly type: string
  readonly quality: number
  readonly parameters: ReadonlyMap<string, string>
}

const MAX_KNOWN = 256
const known = new Map<string, readonly Clause[]>()

/** The alternatives of an Accept header: what is preferred first, or what is said more exactly. Model: goautoneg.ParseAccept. */
export function clausesOf(accept: string): readonly Clause[] {
  const before = known.get(accept)
  if (before) return before
  const clauses: Clause[] = []
  for (const text of accept.split(',')) {
    const clause = clauseOf(text)
    if (!clause) continue
    // What goes before what depends on who is asked: that makes no order, and only the same steps come to the same end.
    let at = clauses.length
    for (let other = clauses[at - 1]; other && goesBefore(clause, other); other = clauses[at - 1]) at -= 1
    clauses.splice(at, 0, clause)
  }
  // Clients say the same all the time, and few say many things.
  if (known.size >= MAX_KNOWN) known.clear()
  known.set(accept, clauses)
  return clauses
}

/** Quotes are part of what is said; parameters without a value are not said at all. Undefined for no media type. */
function clauseOf(text: string): Clause | undefined {
  const [said = '', ...rest] = trimmed(text).split(';')
  const [type = '', subtype = type === '*' ? '*' : '', ...more] = said.split('/').map(trimmed)
  if (subtype === '' || more.length > 0) return undefined
  const pairs = rest.flatMap((part) => {
    const [name = '', value = '', ...odd] = part.split('=')
    return value === '' || odd.length > 0 ? [] : [[trimmed(name), value] as const]
  })
  const parameters = new Map(pairs.map(([name, value]) => [name, trimmed(value)]))
  const quality = pairs.findLast(([name]) => name === 'q')?.[1] ?? '1'
  parameters.delete('q')
  return { type: `${type}/${subtype}`, quality: /^\S+$/.test(quality) ? Number(quality) || 0 : 0, parameters }
}

const trimmed = (text: string) => text.replace(/^ +| +$/g, '')

function goesBefore(a: Clause, b: Clause): boolean {
  const [aType, bType] = [a.type, b.type].map((type) => type.startsWith('*/'))
  if (a.quality > b.quality || (!aType && bType)) return true
  return !a.type.endsWith('/*') && b.type.endsWith('/*')
}

const TYPES: Readonly<Record<Representation['format'], string>> = {
  json: 'application/json',
  yaml: 'application/yaml',
  protobuf: PROTOBUF,
  cbor: CBOR,
}

/** Whether a media type is one of those that a clause names. */
export function includesType(clause: string, type: string): boolean {
  return clause === type || clause === '*/*' || clause === `${type.split('/')[0]}/*`
}

/** What a clause asks for in a format; undefined when that cannot be. Upstream's acceptMediaTypeOptions. */
function representationOf({ parameters }: Clause, format: Representation['format'], can: Answerable) {
  if (format === 'cbor' && !can.cbor) return undefined
  const stream = parameters.get('stream')
  if (stream && (stream !== 'watch' || format === 'yaml')) return undefined
  const { transforms = true } = can
  const serverVersion = parameters.get('sv')
  if (serverVersion && !(transforms && serverVersion === 'v1')) return undefined
  const pretty = parameters.get('pretty') === '1'
  const [as, group, version] = ['as', 'g', 'v'].map((name) => parameters.get(name))
  if (as === undefined && group === undefined && version === undefined) {
    return format === 'protobuf' && !can.protobuf ? undefined : { format, pretty }
  }
  if (!transforms) return undefined
  if (group !== 'meta.k8s.io' || (version !== 'v1' && version !== 'v1beta1')) return undefined
  const wrapperVersion = `meta.k8s.io/${version}`
  switch (as) {
    case 'Table':
      // The cells of a Table are of any type, which protobuf has no form for; in CBOR upstream has none.
      if (format === 'protobuf' || format === 'cbor' || can.tables === false) return undefined
      return { format, as, wrapperVersion, pretty }
    case 'PartialObjectMetadata':
    case 'PartialObjectMetadataList':
      return { format, as, wrapperVersion, pretty } as const
    default:
      return undefined
  }
}

/** Whether a person reads the answer: the query says so, or the client is one that people use. */
export function isForReading({ 'user-agent': agent = '' }: Accepting, pretty: string | null | undefined): boolean {
  if (pretty) return /^(1|t|true)$/i.test(pretty)
  return agent.startsWith('curl') || agent.startsWith('Wget') || agent.startsWith('Mozilla/5.0')
}

/** Whether a client takes gzip. */
export function acceptsGzip({ 'accept-encoding': encoding }: Accepting): boolean {
  return encoding !== undefined && /(?:^|,)\s*gzip\s*(?:;\s*q=(?!0(?:\.0*)?\s*(?:,|$))|,|$)/.test(String(encoding))
}

/** Whether objects are compressed for a client. Model: negotiateContentEncoding, which knows of no qualities. */
function wantsGzip({ 'accept-encoding': encoding }: Accepting): boolean {
  return encoding !== undefined && /(?:^|,)[^\S,]*gzip[^\S,]*(?:,|$)/.test(String(encoding))
}

const TOKEN = "[!#$%&'*+\\-.^_`|~0-9A-Za-z]+"
const MEDIA_TYPE = new RegExp(`^\\s*(${TOKEN}(?:/${TOKEN})?)\\s*$`)
const PARAMETER = new RegExp(`^\\s*;\\s*(${TOKEN})\\s*=\\s*(${TOKEN}|"(?:[^"\\\\]|\\\\.)*")\\s*`)

/** The media type that a Content-Type says, in lower case; undefined when it is malformed. Model: mime.ParseMediaType. */
export function parseMediaType(text: string): string | undefined {
  const [type = ''] = text.split(';', 1)
  const [, name] = MEDIA_TYPE.exec(type) ?? []
  const said = new Map<string, string>()
  let rest = text.slice(type.length)
  while (rest.trim() !== '') {
    const [whole = '', key = '', value = ''] = PARAMETER.exec(rest) ?? []
    // A semicolon at the end is let pass.
    if (whole === '') return rest.trim() === ';' ? name?.toLowerCase() : undefined
    const before = said.get(key.toLowerCase())
    if (before !== undefined && before !== value) return undefined
    said.set(key.toLowerCase(), value)
    rest = rest.slice(whole.length)
  }
  return name?.toLowerCase()
}
