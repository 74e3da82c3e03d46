// Flags by which commands say what they work on.

import type { Flag, ParsedFlags } from '../flags.ts'
import type { FilenameOptions } from './manifests.ts'

/** `-f`, `-R`, `-k`; `usage` completes "Filename, directory, or URL to files …". */
export function filenameFlags(usage: string): Flag[] {
  return [
    {
      name: 'filename',
      short: 'f',
      type: 'slice',
      description: `Filename, directory, or URL to files ${usage}`,
    },
    {
      name: 'kustomize',
      short: 'k',
      type: 'string',
      description: "Process the kustomization directory. This flag can't be used together with -f or -R.",
    },
    {
      name: 'recursive',
      short: 'R',
      type: 'boolean',
      description:
        'Process the directory used in -f, --filename recursively. Useful when you want to manage related manifests organized within the same directory.',
    },
  ]
}

/** The same, reading folders to the bottom unless told otherwise. */
export const recursiveFilenameFlags = (usage: string): Flag[] =>
  filenameFlags(usage).map((flag) => (flag.name === 'recursive' ? { ...flag, fallback: 'true' } : flag))

/** What those flags say. */
export function filenameOptions(flags: ParsedFlags): FilenameOptions {
  return {
    filenames: flags.strings('filename'),
    kustomize: flags.string('kustomize') ?? '',
    recursive: flags.boolean('recursive'),
  }
}

export const selectorFlag: Flag = {
  name: 'selector',
  short: 'l',
  type: 'string',
  description:
    "Selector (label query) to filter on, supports '=', '==', '!=', 'in', 'notin'.(e.g. -l key1=value1,key2=value2,key3 in (value3)). Matching objects must satisfy all of the specified label constraints.",
}

export const fieldSelectorFlag: Flag = {
  name: 'field-selector',
  type: 'string',
  description:
    "Selector (field query) to filter on, supports '=', '==', and '!='.(e.g. --field-selector key1=value1,key2=value2). The server only supports a limited number of field queries per type.",
}

export const allNamespacesFlag: Flag = {
  name: 'all-namespaces',
  short: 'A',
  type: 'boolean',
  description:
    'If present, list the requested object(s) across all namespaces. Namespace in current context is ignored even if specified with --namespace.',
}

export const chunkSizeFlag: Flag = {
  name: 'chunk-size',
  type: 'int',
  fallback: '500',
  description:
    'Return large lists in chunks rather than all at once. Pass 0 to disable. This flag is beta and may change in the future.',
}
