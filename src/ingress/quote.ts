// Writes values into nginx's configuration so that they can never become more than a value.
// Spec: https://nginx.org/en/docs/beginners_guide.html#conf_structure (a word in double quotes; `\` escapes)

// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for.
const CONTROL = /[\u0000-\u001f\u007f]/

/** Whether a text has characters that no value in the configuration may have. */
export function hasControlCharacters(text: string): boolean {
  return CONTROL.test(text)
}

/**
 * The text as one word in double quotes. `$name` stays a variable where the directive knows variables: use
 * `variablesProblem` before. Throws on control characters, which callers refuse long before.
 */
export function quote(text: string): string {
  if (hasControlCharacters(text))
    throw new Error(`cannot write ${JSON.stringify(text)} to the configuration: it has control characters`)
  // Backslashes first: nginx would turn `\n` in quotes into a line break.
  return `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}

/** The text as a regular expression that matches nothing else. */
export function escapeRegex(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}

/** What is wrong with the variables of a value: every `$` must begin one of `allowed` (or `$1` to `$9`). */
export function variablesProblem(text: string, allowed: readonly string[]): string | undefined {
  for (const [whole, name = ''] of text.matchAll(/\$(\w*)/g)) {
    if (/^[1-9]/.test(name) ? !allowed.includes('1') : !allowed.includes(name))
      return `must not contain ${JSON.stringify(whole)}`
  }
  return undefined
}
