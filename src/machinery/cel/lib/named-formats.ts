// Formats of names and values by name. Library: k8s.io/apiserver/pkg/cel/library, format.

import {
  dns1035LabelProblem,
  dnsLabelProblem,
  dnsSubdomainProblem,
  labelValueProblem,
  qualifiedNameProblem,
} from '../../names.ts'
import type { Declaration } from '../functions.ts'
import { FORMAT } from '../types.ts'
import { ArrayList, Opaque, Optional } from '../values.ts'
import { parseDate, parseTimestamp } from './time.ts'
import { parseUrl, why } from './urls.ts'

/** A format: what is wrong with a text, and how long the pattern is that costs are counted with. */
export interface NamedFormat {
  readonly name: string
  readonly patternSize: number
  problem(text: string): string | undefined
}

const UUID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}$/i
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/** A prefix may end with a dash, as names generated from it go on. */
const prefix = (problem: (text: string) => string | undefined) => (text: string) =>
  problem(text.length > 1 && text.endsWith('-') ? `${text.slice(0, -1)}a` : text)

const unless = (ok: (text: string) => boolean, message: string) => (text: string) => (ok(text) ? undefined : message)

const FORMATS: Readonly<Record<string, NamedFormat>> = {
  dns1123Label: { name: 'DNS1123Label', patternSize: 30, problem: dnsLabelProblem },
  dns1123Subdomain: { name: 'DNS1123Subdomain', patternSize: 60, problem: dnsSubdomainProblem },
  dns1035Label: { name: 'DNS1035Label', patternSize: 30, problem: dns1035LabelProblem },
  qualifiedName: { name: 'QualifiedName', patternSize: 60, problem: qualifiedNameProblem },
  dns1123LabelPrefix: { name: 'DNS1123LabelPrefix', patternSize: 30, problem: prefix(dnsLabelProblem) },
  dns1123SubdomainPrefix: { name: 'DNS1123SubdomainPrefix', patternSize: 60, problem: prefix(dnsSubdomainProblem) },
  dns1035LabelPrefix: { name: 'DNS1035LabelPrefix', patternSize: 30, problem: prefix(dns1035LabelProblem) },
  labelValue: { name: 'LabelValue', patternSize: 40, problem: labelValueProblem },
  uri: {
    name: 'URI',
    patternSize: 1024,
    problem: (text) => (parseUrl(text) ? undefined : `parse ${JSON.stringify(text)}: ${why(text)}`),
  },
  uuid: { name: 'uuid', patternSize: 68, problem: unless((t) => UUID.test(t), 'does not match the UUID format') },
  byte: { name: 'byte', patternSize: 85, problem: unless((t) => BASE64.test(t), 'invalid base64') },
  date: { name: 'date', patternSize: 115, problem: unless((t) => parseDate(t) !== undefined, 'invalid date') },
  datetime: {
    name: 'datetime',
    patternSize: 115,
    problem: unless((t) => parseTimestamp(t) !== undefined, 'invalid datetime'),
  },
}

function formatOf(format: NamedFormat): Opaque {
  return new Opaque(FORMAT, format, (other) => other === format)
}

function validate(value: Opaque, text: string): Optional {
  const problem = (value.data as NamedFormat).problem(text)
  return problem === undefined ? Optional.none : new Optional(new ArrayList([problem]))
}

function named(name: string): Optional {
  const format = Object.hasOwn(FORMATS, name) ? FORMATS[name] : undefined
  return format ? new Optional(formatOf(format)) : Optional.none
}

export const NAMED_FORMATS: readonly Declaration[] = [
  ['format.named', 'format-named', '(string)->optional(format)', named],
  ['validate', 'format-validate', 'format.(string)->optional(list(string))', validate],
  ...Object.entries(FORMATS).map(([name, format]): Declaration => {
    return [`format.${name}`, `format.${name}`, '()->format', () => formatOf(format)]
  }),
]
