// Formats of strings that schemas may ask for. Model: k8s.io/kube-openapi/pkg/validation/strfmt.

import { isIP } from 'node:net'
import { elementOf, type Schema } from './schema.ts'

type Check = (text: string) => boolean

const uuid = (version: string): Check => {
  const pattern = new RegExp(`^[0-9a-f]{8}-?[0-9a-f]{4}-?${version}[0-9a-f]{3}-?[0-9a-f]{4}-?[0-9a-f]{12}$`, 'i')
  return (text) => pattern.test(text)
}
const DATE = /^(\d{4})-(\d\d)-(\d\d)$/
const TIME = /^(\d{4}-\d\d-\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:\.\d+)?)?(?:[Zz]|[+-]\d\d:?\d\d)?$/
const DURATION =
  /^[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|\u00b5s|\u03bcs|ms|s|m|h)(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|\u00b5s|\u03bcs|ms|s|m|h))*$/
const WORDS =
  /^\d+\s*(?:ns|nanos?|us|\u00b5s|micros?|ms|millis?|s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?|w|wks?|weeks?)$/
const EMAIL = /^[^\s@<>()[\]\\,;:"]+@[^\s@<>()[\]\\,;:"]+$/
const HOST_LABEL = /^[a-z0-9_](?:[-a-z0-9_]{0,61}[a-z0-9_])?$/i

function isDate(text: string): boolean {
  const [, year, month, day] = DATE.exec(text) ?? []
  if (year === undefined) return false
  const date = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day)))
  return date.getUTCMonth() === Number(month) - 1 && date.getUTCDate() === Number(day)
}

function isDateTime(text: string): boolean {
  const [, date = '', hours, minutes, seconds = '0'] = TIME.exec(text) ?? []
  return isDate(date) && Number(hours) < 24 && Number(minutes) < 60 && Number(seconds) < 61
}

function isCidr(text: string): boolean {
  const [address = '', bits = '', ...rest] = text.split('/')
  const family = isIP(address)
  return rest.length === 0 && family !== 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128)
}

function isBase64(text: string): boolean {
  return text.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(text)
}

function hasLuhnSum(text: string): boolean {
  const digits = text.replace(/[- ]/g, '')
  if (!/^\d{12,19}$/.test(digits)) return false
  let sum = 0
  for (const [i, digit] of [...digits].reverse().entries()) {
    const value = i % 2 === 0 ? Number(digit) : Number(digit) * 2
    sum += value > 9 ? value - 9 : value
  }
  return sum % 10 === 0
}

function isIsbn10(text: string): boolean {
  const digits = text.replace(/[- ]/g, '')
  if (!/^\d{9}[\dXx]$/.test(digits)) return false
  const sum = [...digits].reduce((total, d, i) => total + (10 - i) * (/x/i.test(d) ? 10 : Number(d)), 0)
  return sum % 11 === 0
}

function isIsbn13(text: string): boolean {
  const digits = text.replace(/[- ]/g, '')
  if (!/^\d{13}$/.test(digits)) return false
  return [...digits].reduce((total, d, i) => total + Number(d) * (i % 2 === 0 ? 1 : 3), 0) % 10 === 0
}

const CHECKS: Readonly<Record<string, Check>> = {
  bsonobjectid: (text) => /^[0-9a-f]{24}$/i.test(text),
  uri: (text) => text.startsWith('/') || URL.canParse(text),
  email: (text) => EMAIL.test(text),
  hostname: (text) =>
    text.length <= 255 &&
    text
      .replace(/\.$/, '')
      .split('.')
      .every((label) => HOST_LABEL.test(label)),
  ipv4: (text) => isIP(text) === 4,
  ipv6: (text) => isIP(text) === 6,
  cidr: isCidr,
  mac: (text) =>
    /^[0-9a-f]{2}(?:([:-])[0-9a-f]{2})(?:\1[0-9a-f]{2}){4}$/i.test(text) ||
    /^(?:[0-9a-f]{4}\.){2}[0-9a-f]{4}$/i.test(text),
  uuid: uuid('[0-9a-f]'),
  uuid3: uuid('3'),
  uuid4: uuid('4'),
  uuid5: uuid('5'),
  isbn: (text) => isIsbn10(text) || isIsbn13(text),
  isbn10: isIsbn10,
  isbn13: isIsbn13,
  creditcard: hasLuhnSum,
  ssn: (text) => /^\d{3}[- ]?\d{2}[- ]?\d{4}$/.test(text),
  hexcolor: (text) => /^#?(?:[0-9a-f]{3}|[0-9a-f]{6})$/i.test(text),
  rgbcolor: (text) =>
    /^rgb\(\s*(?:(?:\d|\d\d|1\d\d|2[0-4]\d|25[0-5])\s*,\s*){2}(?:\d|\d\d|1\d\d|2[0-4]\d|25[0-5])\s*\)$/.test(text),
  byte: isBase64,
  password: () => true,
  date: isDate,
  duration: (text) => DURATION.test(text) || text === '0' || WORDS.test(text),
  datetime: isDateTime,
  'k8s-short-name': (text) => text.length <= 63 && /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?$/.test(text),
  'k8s-long-name': (text) =>
    text.length <= 253 && /^[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/.test(text),
}

function checkOf(format: string): Check | undefined {
  const name = format.startsWith('k8s-') ? format : format.replaceAll('-', '')
  return Object.hasOwn(CHECKS, name) ? CHECKS[name] : undefined
}

/** Whether a text has a format. Formats that nobody knows say nothing. */
export function hasFormat(format: string, text: string): boolean {
  return checkOf(format)?.(text) ?? true
}

const OF_NUMBERS = new Set(['int32', 'int64', 'float', 'double'])

/** Whether a format means anything here. */
export function isKnownFormat(format: string): boolean {
  return checkOf(format) !== undefined || OF_NUMBERS.has(format)
}

/** Whether a format is one of its type. Model: GetUnrecognizedFormats. */
function isMeant(type: string | undefined, format: string): boolean {
  if (type === undefined || type === '' || type === 'string') return checkOf(format) !== undefined
  if (type === 'integer') return format === 'int32' || format === 'int64'
  return type === 'number' && (format === 'float' || format === 'double')
}

/** The formats anywhere in a schema that mean nothing here. */
export function unknownFormats(schema: Schema | undefined, found = new Set<string>()): ReadonlySet<string> {
  if (!schema) return found
  if (schema.format && !isMeant(schema.type, schema.format)) found.add(schema.format)
  unknownFormats(schema.items, found)
  unknownFormats(elementOf(schema), found)
  unknownFormats(schema.not, found)
  const listed = [...(schema.allOf ?? []), ...(schema.anyOf ?? []), ...(schema.oneOf ?? [])]
  for (const inner of [...Object.values(schema.properties ?? {}), ...listed]) unknownFormats(inner, found)
  return found
}
