// Taints as `kubectl taint` writes them, and what they make of those a node has.
// Model: k8s.io/kubectl/pkg/cmd/taint/utils.go.

import { labelValueProblem, qualifiedNameProblem } from '../../machinery/names.ts'
import { KubectlError } from '../errors.ts'

export interface Taint {
  readonly key: string
  readonly value?: string
  readonly effect: string
  readonly timeAdded?: string
}

export interface TaintChanges {
  readonly add: readonly Taint[]
  /** Without an effect: all of the key. */
  readonly remove: readonly { readonly key: string; readonly effect: string }[]
}

const EFFECTS = new Set(['NoSchedule', 'PreferNoSchedule', 'NoExecute'])

/** Reads `key=value:effect` and `key[:effect]-`. Throws KubectlError. */
export function parseTaints(words: readonly string[]): TaintChanges {
  const add: Taint[] = []
  const remove: { key: string; effect: string }[] = []
  for (const word of words) {
    if (word.endsWith('-')) {
      const { key, effect } = parseTaint(word.slice(0, -1))
      remove.push({ key, effect })
      continue
    }
    const taint = parseTaint(word)
    if (taint.effect === '') throw new KubectlError(`invalid taint spec: ${word}`)
    if (add.some((other) => sameTaint(other, taint))) {
      throw new KubectlError(
        `duplicated taints with the same key and effect: {${taint.key} ${taint.value ?? ''} ${taint.effect} <nil>}`,
      )
    }
    add.push(taint)
  }
  return { add, remove }
}

function parseTaint(text: string): Taint {
  const [spec = '', effect = '', ...more] = text.split(':')
  if (more.length > 0) throw new KubectlError(`invalid taint spec: ${text}`)
  const withEffect = text.includes(':')
  if (withEffect && !EFFECTS.has(effect)) {
    throw new KubectlError(`invalid taint effect: ${effect}, unsupported taint effect`)
  }
  const [key = '', value, ...rest] = withEffect ? spec.split('=') : [spec]
  if (rest.length > 0) throw new KubectlError(`invalid taint spec: ${text}`)
  const problem = (value === undefined ? undefined : labelValueProblem(value)) ?? qualifiedNameProblem(key)
  if (problem !== undefined) throw new KubectlError(`invalid taint spec: ${text}, ${problem}`)
  return { key, effect, ...(value ? { value } : {}) }
}

const sameTaint = (a: Taint, b: Taint) => a.key === b.key && a.effect === b.effect

/** Throws KubectlError when something is to be added and removed at once. */
export function refuseConflicts({ add, remove }: TaintChanges): void {
  const conflicts = add.flatMap((added) =>
    remove
      .filter(({ key, effect }) => key === added.key && (effect === '' || effect === added.effect))
      .map(({ key, effect }) => `${key}=${effect}`),
  )
  if (conflicts.length === 0) return
  throw new KubectlError(
    `can not both modify and remove the following taint(s) in the same command: ${conflicts.join(', ')}`,
  )
}

/** The taints that a node comes to have, and what was done to it. Throws KubectlError. */
export function changeTaints(
  old: readonly Taint[],
  { add, remove }: TaintChanges,
  { node, overwrite }: { readonly node: string; readonly overwrite: boolean },
): { readonly taints: readonly Taint[]; readonly operation: 'modified' | 'tainted' | 'untainted' } {
  const taken = add.filter((taint) => old.some((other) => sameTaint(other, taint))).map((taint) => taint.key)
  if (!overwrite && taken.length > 0) {
    throw new KubectlError(
      `node ${node} already has ${taken.join(',')} taint(s) with same effect(s) and --overwrite is false`,
    )
  }
  let taints = [...add, ...old.filter((taint) => !add.some((other) => sameTaint(other, taint)))]
  const added = taints.length !== old.length
  let deleted = false
  const missing: string[] = []
  for (const { key, effect } of remove) {
    const kept = taints.filter((taint) => taint.key !== key || (effect !== '' && taint.effect !== effect))
    deleted = kept.length < taints.length
    if (!deleted) missing.push(`taint ${JSON.stringify(effect === '' ? key : `${key}:${effect}`)} not found`)
    taints = kept
  }
  if (missing.length > 0) throw new KubectlError(missing.length === 1 ? `${missing[0]}` : `[${missing.join(', ')}]`)
  if ((added && deleted) || overwrite) return { taints, operation: 'modified' }
  return { taints, operation: added ? 'tainted' : 'untainted' }
}
