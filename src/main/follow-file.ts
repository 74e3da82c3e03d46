// Tells when what a file says has changed, be it written in place or put in place of the old one.

import { readFileSync, watch } from 'node:fs'
import { basename, dirname } from 'node:path'

/** Calls `changed` with the new text. The returned function ends it. A file that is gone counts as unchanged. */
export function followFile(path: string, changed: (text: string) => void): () => void {
  let known = textOf(path)
  // The directory, since a file that another one takes the place of would be followed no more.
  const watcher = watch(dirname(path), { persistent: false }, (_event, name) => {
    // Links that lead to the file change under names of their own.
    if (name !== null && name !== basename(path) && !name.startsWith('..')) return
    const text = textOf(path)
    if (text === undefined || text === '' || text === known) return
    known = text
    changed(text)
  })
  return () => watcher.close()
}

function textOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
}
