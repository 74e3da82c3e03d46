// Types of verbs.cjs, for its test.

export const ownVerbs: readonly string[]
export function bundleFor(script: string, words: readonly string[]): 'sampan' | 'kubectl'
