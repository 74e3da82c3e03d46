// What strict decoding says of a body: fields that its type has not, and fields that it names twice.
// Model: saveStrictError of sigs.k8s.io/json, AddWarning of pkg/endpoints/handlers of k8s.io/apiserver.

import { isRecord } from '../api-object.ts'

const TWICE = 'duplicate field '
const YAML = 'yaml: unmarshal errors:\n  '

export const unknownField = (path: string): string => `unknown field ${JSON.stringify(path)}`

/**
 * The problems of a JSON body in the order in which it has them. What is within an unknown field is nobody's business.
 * A field that is there twice counts where it is first: what stands between is not told before it, as upstream does.
 */
export function inOrderOf(body: unknown, duplicates: readonly string[], unknown: readonly string[]): string[] {
  const problems = unknown.map(unknownField)
  if (duplicates.length === 0) return problems
  const others = duplicates.filter((problem) => !problem.startsWith(TWICE))
  const twice = duplicates.filter((problem) => problem.startsWith(TWICE))
  if (unknown.length === 0) return [...others, ...twice]
  const found = new Map(unknown.map((path) => [path, unknownField(path)]))
  for (const problem of twice) {
    const path = JSON.parse(problem.slice(TWICE.length)) as string
    if (!found.has(path)) found.set(path, problem)
  }
  const ordered: string[] = []
  const visit = (value: unknown, path: string): void => {
    if (Array.isArray(value)) {
      for (const [i, item] of value.entries()) visit(item, `${path}[${i}]`)
      return
    }
    if (!isRecord(value)) return
    for (const [name, inner] of Object.entries(value)) {
      const at = path === '' ? name : `${path}.${name}`
      const problem = found.get(at)
      if (problem !== undefined) ordered.push(problem)
      if (problem === undefined || problem.startsWith(TWICE)) visit(inner, at)
    }
  }
  visit(body, '')
  return [...others, ...ordered]
}

/** The warnings of a problem: YAML's are told together, and warned of one by one. */
export function warningsOf(problem: string): readonly string[] {
  return problem.startsWith(YAML) ? problem.slice(YAML.length).split('\n  ') : [problem]
}
