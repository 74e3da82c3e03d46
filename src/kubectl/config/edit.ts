// Changes to kubeconfig files: each entry is written where it came from, new ones into the default file.
// Model: ModifyConfig in k8s.io/client-go/tools/clientcmd.

import { existsSync, mkdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { parseYaml } from '../../machinery/yaml.ts'
import { toYaml } from '../../machinery/yaml-writer.ts'
import type { KubectlContext } from '../command.ts'
import { isObject } from '../object.ts'
import { type KubeconfigSource, kubeconfigFiles } from './kubeconfig.ts'

export type EntryList = 'clusters' | 'contexts' | 'users'

const FIELD: Readonly<Record<EntryList, string>> = { clusters: 'cluster', contexts: 'context', users: 'user' }

/** Fields that are written even when they are empty. */
const NEEDED: Readonly<Record<EntryList, object>> = {
  clusters: { server: '' },
  contexts: { cluster: '', user: '' },
  users: {},
}

/** The file that new entries go to. */
export function defaultFile(source: KubeconfigSource): string {
  const files = kubeconfigFiles(source)
  return files.find((file) => existsSync(file)) ?? files.at(-1) ?? ''
}

/** Sets an entry, or removes it when `value` is undefined. */
export function setEntry(ctx: KubectlContext, list: EntryList, name: string, value: object | undefined): void {
  const file = ctx.kubeconfig().origins.get(`${list}/${name}`) || defaultFile(ctx.kubeconfigSource)
  editFile(file, (raw) => {
    const entries = (Array.isArray(raw[list]) ? raw[list] : []) as Record<string, unknown>[]
    const others = entries.filter((entry) => entry.name !== name)
    raw[list] = value === undefined ? others : [...others, { [FIELD[list]]: { ...NEEDED[list], ...value }, name }]
  })
}

/** Sets the current context; an empty name clears it wherever it is set. */
export function setCurrentContext(ctx: KubectlContext, name: string): void {
  const files = kubeconfigFiles(ctx.kubeconfigSource)
  if (name !== '') {
    editFile(defaultFile(ctx.kubeconfigSource), (raw) => {
      raw['current-context'] = name
    })
    return
  }
  for (const file of files.filter((f) => existsSync(f))) {
    editFile(file, (raw) => {
      raw['current-context'] = ''
    })
  }
}

const PRIVATE = 0o600

function editFile(file: string, edit: (raw: Record<string, unknown>) => void): void {
  const parsed = existsSync(file) ? parseYaml(readFileSync(file, 'utf8')) : undefined
  const raw: Record<string, unknown> = isObject(parsed) ? { ...parsed } : {}
  edit(raw)
  mkdirSync(dirname(file), { recursive: true, mode: 0o755 })
  const temporary = `${file}.${process.pid}.new`
  const mode = existsSync(file) ? statSync(file).mode & 0o777 : PRIVATE
  writeFileSync(temporary, toYaml(complete(raw)), { mode })
  renameSync(temporary, file)
}

/** The fields that every kubeconfig has, entries in the order of their names. */
function complete(raw: Record<string, unknown>): Record<string, unknown> {
  const list = (name: EntryList) => {
    const entries = (Array.isArray(raw[name]) ? raw[name] : []) as { name?: string }[]
    return entries.length === 0 ? null : entries.toSorted((a, b) => ((a.name ?? '') < (b.name ?? '') ? -1 : 1))
  }
  const { preferences, ...rest } = raw
  const keptPreferences = isObject(preferences) && Object.keys(preferences).length > 0 ? { preferences } : {}
  return {
    ...rest,
    ...keptPreferences,
    apiVersion: 'v1',
    kind: 'Config',
    clusters: list('clusters'),
    contexts: list('contexts'),
    users: list('users'),
    'current-context': raw['current-context'] ?? '',
  }
}
