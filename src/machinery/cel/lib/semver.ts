// Semantic versions. Library: k8s.io/apiserver/pkg/cel/library, semver. Spec: https://semver.org

import { type Declaration, fail } from '../functions.ts'
import { SEMVER } from '../types.ts'
import { Opaque } from '../values.ts'

interface Semver {
  readonly core: readonly [bigint, bigint, bigint]
  readonly pre: readonly (bigint | string)[]
}

const NUMBER = '(0|[1-9]\\d*)'
const PATTERN = new RegExp(`^${NUMBER}\\.${NUMBER}\\.${NUMBER}(?:-([0-9A-Za-z.-]+))?(?:\\+([0-9A-Za-z.-]+))?$`)
const MAX = (1n << 64n) - 1n

function parseSemver(text: string): Semver | undefined {
  const match = PATTERN.exec(text)
  if (!match) return undefined
  const [, major = '', minor = '', patch = '', pre, build] = match
  const identifiers = pre?.split('.') ?? []
  if ([...identifiers, ...(build?.split('.') ?? [])].some((part) => part === '')) return undefined
  if (identifiers.some((part) => /^0\d+$/.test(part))) return undefined
  const core = [BigInt(major), BigInt(minor), BigInt(patch)] as const
  if (core.some((part) => part > MAX)) return undefined
  return { core, pre: identifiers.map((part) => (/^\d+$/.test(part) ? BigInt(part) : part)) }
}

/** Takes a leading `v`, leading zeros and missing parts as they are meant. */
function normalized(text: string): string {
  const [major = '', minor, ...rest] = text.replace(/^v/, '').split('.')
  const parts = [major, minor, rest.length > 0 ? rest.join('.') : undefined].filter((part) => part !== undefined)
  const trimmed = parts.map((part) => (part.length > 1 ? part.replace(/^0+(?=\d)/, '') : part))
  if (trimmed.length === 3 || /[+-]/.test(trimmed.at(-1) ?? '')) return trimmed.join('.')
  return [...trimmed, ...Array.from({ length: 3 - trimmed.length }, () => '0')].join('.')
}

function compare(a: Semver, b: Semver): bigint {
  for (const [i, part] of a.core.entries()) {
    const other = b.core[i] ?? 0n
    if (part !== other) return part < other ? -1n : 1n
  }
  if (a.pre.length === 0 || b.pre.length === 0) return BigInt(Math.sign(b.pre.length - a.pre.length))
  for (const [i, part] of a.pre.entries()) {
    const other = b.pre[i]
    if (other === undefined) return 1n
    if (part === other) continue
    if (typeof part !== typeof other) return typeof part === 'bigint' ? -1n : 1n
    return part < other ? -1n : 1n
  }
  return a.pre.length < b.pre.length ? -1n : 0n
}

const dataOf = (value: Opaque) => value.data as Semver
const order = (a: Opaque, b: Opaque) => compare(dataOf(a), dataOf(b))

function semver(text: string, normalize = false): Opaque {
  const data = parseSemver(normalize ? normalized(text) : text)
  if (!data) return fail(problem(text))
  return new Opaque(SEMVER, data, (other) => compare(data, other as Semver) === 0n)
}

function problem(text: string): string {
  if (text === '') return 'Version string empty'
  if (text.split('.').length < 3) return 'No Major.Minor.Patch elements found'
  const bad = /[^0-9]/.exec(text.split('.')[0] ?? '')
  return bad
    ? `Invalid character(s) found in major number ${JSON.stringify(text.split('.')[0])}`
    : `Invalid version ${JSON.stringify(text)}`
}

function isSemver(text: string, normalize = false): boolean {
  return parseSemver(normalize ? normalized(text) : text) !== undefined
}

export const SEMVERS: readonly Declaration[] = [
  ['semver', 'string_to_semver', '(string)->semver', (text: string) => semver(text)],
  ['semver', 'string_bool_to_semver', '(string,bool)->semver', semver],
  ['isSemver', 'is_semver_string', '(string)->bool', (text: string) => isSemver(text)],
  ['isSemver', 'is_semver_string_bool', '(string,bool)->bool', isSemver],
  ['isGreaterThan', 'semver_is_greater_than', 'semver.(semver)->bool', (a: Opaque, b: Opaque) => order(a, b) > 0n],
  ['isLessThan', 'semver_is_less_than', 'semver.(semver)->bool', (a: Opaque, b: Opaque) => order(a, b) < 0n],
  ['compareTo', 'semver_compare_to', 'semver.(semver)->int', order],
  ['major', 'semver_major', 'semver.()->int', (v: Opaque) => dataOf(v).core[0]],
  ['minor', 'semver_minor', 'semver.()->int', (v: Opaque) => dataOf(v).core[1]],
  ['patch', 'semver_patch', 'semver.()->int', (v: Opaque) => dataOf(v).core[2]],
]
