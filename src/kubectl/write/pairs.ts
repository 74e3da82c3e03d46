// `KEY=VALUE` and `KEY-` among the arguments of label, annotate and taint.
// Model: k8s.io/kubectl/pkg/cmd/util/helpers.go.

import { KubectlError } from '../errors.ts'

/** Tells the arguments that name objects from the changes. Throws KubectlError. */
export function splitPairs(
  args: readonly string[],
  what: string,
): { readonly resources: readonly string[]; readonly pairs: readonly string[] } {
  const isPair = (word: string) => (word.includes('=') && !word.startsWith('=')) || (word.endsWith('-') && word !== '-')
  const first = args.findIndex(isPair)
  if (first < 0) return { resources: args, pairs: [] }
  const pairs = args.slice(first)
  const late = pairs.find((word) => !isPair(word))
  if (late !== undefined) {
    throw new KubectlError(`all resources must be specified before ${what} changes: ${late}`)
  }
  return { resources: args.slice(0, first), pairs }
}

/** `KEY=VALUE` and, where `KEY-` may stand, the keys to remove. Throws KubectlError. */
export function parsePairs(
  words: readonly string[],
  what: string,
  { removable }: { readonly removable: boolean },
): { readonly set: Readonly<Record<string, string>>; readonly remove: readonly string[] } {
  const set: Record<string, string> = {}
  const remove: string[] = []
  const invalid: string[] = []
  for (const word of words) {
    const equals = word.indexOf('=')
    if (equals > 0) set[word.slice(0, equals)] = word.slice(equals + 1)
    else if (removable && word.endsWith('-') && word !== '-') remove.push(word.slice(0, -1))
    else invalid.push(word)
  }
  if (invalid.length > 0) throw new KubectlError(`invalid ${what} format: ${invalid.join(', ')}`)
  return { set, remove }
}
