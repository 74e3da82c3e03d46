// The text that an editor is given: the objects, after comments that say what to do and what was wrong.

/** What the user is told: of objects, or of what was applied last. JSON has no place for comments. */
export type Header = 'objects' | 'last-applied' | 'none'

const OBJECTS = `# Please edit the object below. Lines beginning with a '#' will be ignored,
# and an empty file will abort the edit. If an error occurs while saving this file will be
# reopened with the relevant failures.
#
`

const LAST_APPLIED = `# Please edit the 'last-applied-configuration' annotations below.
# Lines beginning with a '#' will be ignored, and an empty file will abort the edit.
#
`

const HEADERS: Readonly<Record<Header, string>> = { objects: OBJECTS, 'last-applied': LAST_APPLIED, none: '' }

/** What stood wrong with the last try. */
export interface Failure {
  readonly title: string
  readonly causes: readonly string[]
}

/** The text to edit. */
export function editText(content: string, failures: readonly Failure[] = [], header: Header = 'objects'): string {
  if (header === 'none') return content
  const comment = (line: string) => `# ${line}`.trimEnd()
  const notes = failures.flatMap(({ title, causes }) => [
    ...title.split('\n').map(comment),
    ...causes.map((cause) => comment(`* ${cause.replaceAll('\n', '\n# ')}`)),
    '#',
  ])
  return `${HEADERS[header]}${notes.map((line) => `${line}\n`).join('')}${content}`
}

/** The text without its comments. */
export function withoutComments(text: string): string {
  return text
    .split('\n')
    .filter((line) => !line.trimStart().startsWith('#'))
    .join('\n')
}
