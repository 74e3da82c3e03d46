// Objects of kinds without a describer of their own, such as custom resources: every field as it is.

import { formatValue } from '../../machinery/go/format.ts'
import { isObject } from '../object.ts'
import type { Describer } from './describer.ts'
import { printEvents, subjectOf } from './events.ts'
import { type Meta, printLabelsAndAnnotations, printName, sortedKeys } from './format.ts'
import type { PrefixWriter } from './writer.ts'

const SHOWN_ABOVE = new Set([
  '.metadata.managedFields',
  '.metadata.name',
  '.metadata.namespace',
  '.metadata.labels',
  '.metadata.annotations',
])
const ACRONYMS = new Set(['API', 'URL', 'UID', 'OSB', 'GUID'])

/** Fields inside one another, at most. */
const MAX_DEPTH = 200

export const describeGeneric: Describer = async (object, w, context) => {
  const metadata = (object.metadata ?? {}) as Meta
  printName(w, metadata)
  printLabelsAndAnnotations(w, metadata)
  printFields(w, { level: 0, path: '' }, object)
  await printEvents(w, context, subjectOf(object))
}

interface Place {
  readonly level: number
  readonly path: string
}

function printFields(w: PrefixWriter, { level, path }: Place, content: Record<string, unknown>): void {
  if (level > MAX_DEPTH) throw new Error('cannot describe object: its fields are nested too deeply')
  for (const field of sortedKeys(content)) {
    const value = content[field]
    const place = { level: level + 1, path: `${path}.${field}` }
    if (SHOWN_ABOVE.has(place.path)) continue
    if (isObject(value)) {
      w.line(level, `${labelOf(field)}:`)
      printFields(w, place, value)
    } else if (Array.isArray(value)) {
      w.line(level, `${labelOf(field)}:`)
      for (const child of value) {
        if (isObject(child)) printFields(w, place, child)
        else w.line(level + 1, formatValue(child))
      }
    } else {
      w.line(level, `${labelOf(field)}:\t${formatValue(value)}`)
    }
  }
}

/** `holderIdentity` becomes `Holder Identity`; a name with anything but letters and hyphens stays. */
export function labelOf(field: string): string {
  if (/[^\p{L}-]/u.test(field)) return field
  return camelCaseParts(field)
    .map((part) => (ACRONYMS.has(part.toUpperCase()) ? part.toUpperCase() : capitalized(part)))
    .join(' ')
}

/** Runs of one letter case; the last capital of a run belongs to the word that follows. */
function camelCaseParts(text: string): string[] {
  const runs = text.match(/\p{Lu}+|\p{Ll}+|[^\p{Lu}\p{Ll}]+/gu) ?? []
  for (let i = 0; i + 1 < runs.length; i++) {
    const run = runs[i] ?? ''
    const next = runs[i + 1] ?? ''
    if (!/^\p{Lu}/u.test(run) || !/^\p{Ll}/u.test(next)) continue
    runs[i + 1] = run.slice(-1) + next
    runs[i] = run.slice(0, -1)
  }
  return runs.filter((run) => run !== '')
}

function capitalized(part: string): string {
  return part.slice(0, 1).toUpperCase() + part.slice(1).toLowerCase()
}
