// Which representation a client wants. Spec: https://kubernetes.io/docs/reference/using-api/api-concepts/#alternate-representations-of-resources

import { notAcceptable } from '../../machinery/errors.ts'

/** `format` is how bytes look, `as` what object they show. */
export interface Representation {
  readonly format: 'json' | 'yaml' | 'protobuf'
  readonly as: 'object' | 'Table' | 'PartialObjectMetadata' | 'PartialObjectMetadataList'
  /** Group version of the wrapper kind, `meta.k8s.io/v1`. */
  readonly wrapperVersion: string
  readonly pretty: boolean
  /** Long answers may be compressed. */
  readonly gzip: boolean
}

export const PROTOBUF = 'application/vnd.kubernetes.protobuf'
const ACCEPTED = ['application/json', 'application/yaml', PROTOBUF]
const OBJECT_JSON: Representation = { format: 'json', as: 'object', wrapperVersion: '', pretty: false, gzip: false }
const OBJECT_JSON_GZIP: Representation = { ...OBJECT_JSON, gzip: true }
const WRAPPERS = new Set(['Table', 'PartialObjectMetadata', 'PartialObjectMetadataList'])

/** What negotiation goes by. */
export interface Accepting {
  readonly accept?: string | undefined
  readonly 'accept-encoding'?: string | string[] | undefined
}

/**
 * The first alternative of the Accept header that can be served; `can` says what the kind has a form in. Throws
 * NotAcceptable.
 */
export function negotiate(headers: Accepting, can: { readonly protobuf: boolean }): Representation {
  const { accept } = headers
  const base = acceptsGzip(headers) ? OBJECT_JSON_GZIP : OBJECT_JSON
  if (accept === undefined || accept === '' || accept === 'application/json' || accept === '*/*') return base
  for (const alternative of accept.split(',')) {
    const [type = '', ...parameters] = alternative.split(';').map((s) => s.trim())
    const format = formatOf(type)
    if (!format || (format === 'protobuf' && !can.protobuf)) continue
    const given = new Map(parameters.map((p) => p.split('=', 2) as [string, string]))
    const as = given.get('as')
    const pretty = given.get('pretty') === '1' || given.get('pretty') === 'true'
    if (as === undefined) return { ...base, format, pretty }
    // The cells of a Table are of any type, which protobuf has no form for.
    if (as === 'Table' && format === 'protobuf') continue
    const version = given.get('v') ?? ''
    if (given.get('g') === 'meta.k8s.io' && WRAPPERS.has(as) && (version === 'v1' || version === 'v1beta1')) {
      return { ...base, format, as: as as Representation['as'], wrapperVersion: `meta.k8s.io/${version}`, pretty }
    }
  }
  throw notAcceptable(ACCEPTED)
}

function acceptsGzip({ 'accept-encoding': encoding }: Accepting): boolean {
  return encoding !== undefined && /(?:^|,)\s*gzip\s*(?:;\s*q=(?!0(?:\.0*)?\s*(?:,|$))|,|$)/.test(String(encoding))
}

function formatOf(type: string): Representation['format'] | undefined {
  switch (type) {
    case 'application/json':
    case '*/*':
    case 'application/*':
      return 'json'
    case 'application/yaml':
      return 'yaml'
    case PROTOBUF:
      return 'protobuf'
    default:
      return undefined
  }
}
