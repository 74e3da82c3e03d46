// What is wrong with an expression's text, worded as cel-go prints it.

/** One problem at a place of the source. */
export interface Issue {
  readonly at: number
  readonly message: string
}

/** Thrown when a source cannot be parsed. */
export class ParseError extends Error {
  readonly issues: readonly Issue[]

  constructor(issues: readonly Issue[]) {
    super(issues.map((issue) => issue.message).join('\n'))
    this.name = 'ParseError'
    this.issues = issues
  }
}

/** Problems with the lines they stand on and carets under them. */
export function formatIssues(source: string, issues: readonly Issue[]): string {
  return [...issues]
    .sort((a, b) => a.at - b.at)
    .map((issue) => formatIssue(source, issue))
    .join('\n')
}

function formatIssue(source: string, { at, message }: Issue): string {
  // There is no place in nothing.
  if (source === '') return `ERROR: <input>:1:0: ${message}`
  const before = source.slice(0, at).split('\n')
  const column = [...(before.at(-1) ?? '')].length
  const line = source.split('\n')[before.length - 1] ?? ''
  const head = `ERROR: <input>:${before.length}:${column + 1}: ${message}`
  // What takes more than one byte is taken to be wide.
  const isWide = (char: string | undefined) => char !== undefined && char > '\x7f'
  const chars = [...line]
  const dots = chars.slice(0, column).map((char) => (isWide(char) ? '\uff0e' : '.'))
  return `${head}\n | ${line.replaceAll('\t', ' ')}\n | ${dots.join('')}${isWide(chars[column]) ? '\uff3e' : '^'}`
}
