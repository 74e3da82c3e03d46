// Regular expressions of clients, matched by RE2, which no pattern makes slow.

import { RE2JS, RE2JSException } from 're2js'

const MAX_KEPT = 2000
const compiled = new Map<string, RE2JS>()

function compile(pattern: string): RE2JS {
  const known = compiled.get(pattern)
  if (known) return known
  const made = RE2JS.compile(pattern)
  // Whoever makes definitions must not fill the memory with patterns.
  if (compiled.size >= MAX_KEPT) compiled.clear()
  compiled.set(pattern, made)
  return made
}

/** What is wrong with a pattern; undefined when nothing is. */
export function patternProblem(pattern: string): string | undefined {
  try {
    compile(pattern)
    return undefined
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error
    return error.message
  }
}

/** Whether a pattern is found anywhere in a text. A pattern that cannot be compiled matches nothing. */
export function matchesPattern(pattern: string, text: string): boolean {
  if (patternProblem(pattern) !== undefined) return false
  return compile(pattern).matcher(text).find()
}
