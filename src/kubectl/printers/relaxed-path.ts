// `metadata.name`, `.metadata.name`, `{metadata.name}`: paths as custom columns and --sort-by take them.

import { KubectlError } from '../errors.ts'

/** The path as a JSONPath template. Throws KubectlError. */
export function relaxedPath(path: string): string {
  if (path === '') return path
  const match = /^\{\.?([^{}]+)\}$|^\.?([^{}]+)$/.exec(path)
  if (match) return `{.${match[1] ?? match[2]}}`
  throw new KubectlError(
    "unexpected path string, expected a 'name1.name2' or '.name1.name2' or '{name1.name2}' or '{.name1.name2}'",
  )
}
