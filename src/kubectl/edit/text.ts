// The text that an editor is given: the objects, after comments that say what to do and what was wrong.

const HEADER = `# Please edit the object below. Lines beginning with a '#' will be ignored,
# and an empty file will abort the edit. If an error occurs while saving this file will be
# reopened with the relevant failures.
#
`

/** What stood wrong with the last try. */
export interface Failure {
  readonly title: string
  readonly causes: readonly string[]
}

/** The text to edit. */
export function editText(content: string, failures: readonly Failure[] = []): string {
  const comment = (line: string) => `# ${line}`.trimEnd()
  const notes = failures.flatMap(({ title, causes }) => [
    ...title.split('\n').map(comment),
    ...causes.map((cause) => comment(`* ${cause.replaceAll('\n', '\n# ')}`)),
    '#',
  ])
  return `${HEADER}${notes.map((line) => `${line}\n`).join('')}${content}`
}

/** The text without its comments. */
export function withoutComments(text: string): string {
  return text
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('#'))
    .join('\n')
}
