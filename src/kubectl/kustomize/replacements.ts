// Replacements: values copied from a field of one object into fields of others.

import { KubectlError } from '../errors.ts'
import { isObject, type KubeObject } from '../object.ts'
import type { FieldOptions, ReplacementArgs } from './file.ts'
import { isSelected, type Resource } from './resource.ts'

/** Copies. Throws KubectlError when the source is not one object with the field. */
export function replaceFields(resources: readonly Resource[], { source, targets = [] }: ReplacementArgs): void {
  if (source === undefined) throw new KubectlError('replacements must specify a source and at least one target')
  const found = resources.filter((resource) => isSelected(resource, source))
  const [from, ...more] = found
  if (from === undefined) throw new KubectlError(`nothing selected by ${JSON.stringify(source)}`)
  if (more.length > 0) throw new KubectlError(`multiple matches for selector ${JSON.stringify(source)}`)
  const path = source.fieldPath || 'metadata.name'
  const value = part(valueAt(from.object, splitPath(path)), source.options)
  if (value === undefined) {
    throw new KubectlError(
      `fieldPath \`${path}\` is missing for replacement source ${from.object.kind}/${from.names[0]}`,
    )
  }
  for (const { select, reject = [], fieldPaths = ['metadata.name'], options } of targets) {
    for (const resource of resources) {
      if (!isSelected(resource, select) || reject.some((other) => isSelected(resource, other))) continue
      for (const fieldPath of fieldPaths) {
        const state = { found: false }
        resource.object = written(resource.object, splitPath(fieldPath), { value, options, state }) as KubeObject
        if (!state.found) {
          throw new KubectlError(
            `unable to find field "${fieldPath}" in replacement target ${resource.object.kind}/${resource.names[0]}`,
          )
        }
      }
    }
  }
}

/** `a.b\.c.[name=x].d` as its steps. */
export function splitPath(path: string): string[] {
  return [...path.matchAll(/\[[^\]]*\]|(?:\\.|[^.\\])+/g)].map(([step]) => step.replace(/\\(.)/g, '$1'))
}

function indexOf(list: readonly unknown[], step: string): number {
  const condition = /^\[(.+?)=(.*)\]$/.exec(step)
  if (condition === null) return /^\d+$/.test(step) ? Number(step) : -1
  const [, key = '', wanted] = condition
  return list.findIndex((item) => isObject(item) && String(item[key]) === wanted)
}

function valueAt(value: unknown, [step, ...rest]: readonly string[]): unknown {
  if (step === undefined) return value
  if (Array.isArray(value)) return valueAt(value[indexOf(value, step)], rest)
  return isObject(value) ? valueAt(value[step], rest) : undefined
}

function part(value: unknown, options: FieldOptions | undefined): unknown {
  if (!options?.delimiter || value === undefined) return value
  return String(value).split(options.delimiter)[options.index ?? 0]
}

interface Writing {
  readonly value: unknown
  readonly options: FieldOptions | undefined
  readonly state: { found: boolean }
}

function written(target: unknown, [step, ...rest]: readonly string[], writing: Writing): unknown {
  if (step === undefined) {
    if (target === undefined && !writing.options?.create) return target
    writing.state.found = true
    return joined(target, writing)
  }
  if (Array.isArray(target)) {
    const at = step === '*' ? -1 : indexOf(target, step)
    return target.map((item, i) => (step === '*' || i === at ? written(item, rest, writing) : item))
  }
  if (target === undefined && writing.options?.create) return { [step]: written(undefined, rest, writing) }
  if (!isObject(target) || (!(step in target) && !writing.options?.create)) return target
  return { ...target, [step]: written(target[step], rest, writing) }
}

function joined(old: unknown, { value, options }: Writing): unknown {
  // What was text stays text.
  if (!options?.delimiter) return typeof old === 'string' && typeof value !== 'object' ? String(value) : value
  const parts = String(old ?? '').split(options.delimiter)
  const index = options.index ?? 0
  if (index < 0) parts.unshift(String(value))
  else if (index >= parts.length) parts.push(String(value))
  else parts[index] = String(value)
  return parts.join(options.delimiter)
}
