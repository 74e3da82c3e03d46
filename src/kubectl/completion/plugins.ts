// Plugins as candidates for the first word.

import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { foldersOf, isProgram } from '../plugins/find.ts'
import type { Candidate } from './complete.ts'

/** `foo` for a program `kubectl-foo`; words after the first are left to the plugin. */
export function pluginCandidates(path: string | undefined, prefix: string): Candidate[] {
  const names = new Set(
    foldersOf(path)
      .filter((folder) => folder.trim() !== '')
      .flatMap((folder) => programsIn(folder))
      .map((name) => name.slice('kubectl-'.length).split('-', 1)[0]?.replaceAll('_', '-') ?? ''),
  )
  return [...names]
    .filter((name) => name !== '' && name.startsWith(prefix))
    .map((name) => ({ value: name, description: `The command ${name} is a plugin installed by the user` }))
}

function programsIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => name.startsWith('kubectl-') && isProgram(join(folder, name)))
  } catch {
    // Paths name folders that are not there; they hold no plugins.
    return []
  }
}
