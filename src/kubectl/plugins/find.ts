// Plugins: programs on the PATH whose names begin with `kubectl-`, and which words of a command line mean one.
// Model: k8s.io/kubectl/pkg/cmd/plugin.go.

import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** A program and what it is called with. */
export interface PluginCall {
  readonly file: string
  readonly args: readonly string[]
}

/** Finds a plugin's file by its name, e.g. `kubectl-foo-bar`. */
export type Lookup = (name: string) => string | undefined

/**
 * The plugin with the longest name that the words begin with, none of fewer than `least` words; undefined when there
 * is none. Dashes within a word are underscores in the name.
 */
export function pluginFor(words: readonly string[], lookup: Lookup, least = 1): PluginCall | undefined {
  const firstFlag = words.findIndex((word) => word.startsWith('-'))
  const names = (firstFlag < 0 ? words : words.slice(0, firstFlag)).map((word) => word.replaceAll('-', '_'))
  for (let count = names.length; count >= least && count > 0; count--) {
    const file = lookup(`kubectl-${names.slice(0, count).join('-')}`)
    if (file !== undefined) return { file, args: words.slice(count) }
  }
  return undefined
}

/** The folders of a PATH, each once. */
export const foldersOf = (path = ''): readonly string[] => [...new Set(path.split(delimiter))]

/** Looks for programs in the folders of a PATH; names with a slash are none. */
export function lookupIn(path: string | undefined): Lookup {
  return (name) =>
    name.includes('/')
      ? undefined
      : foldersOf(path)
          .filter((folder) => folder.trim() !== '')
          .map((folder) => join(folder, name))
          .find(isProgram)
}

/** Whether the file is one and can be run. */
export function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return statSync(file).isFile()
  } catch {
    // Whatever keeps it from being run, it is no program for this user.
    return false
  }
}
