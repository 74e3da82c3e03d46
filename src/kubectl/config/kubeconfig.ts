// Kubeconfig files: reading, merging and writing them.
// Spec: https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/

import { existsSync, readFileSync } from 'node:fs'
import { dirname, isAbsolute, resolve } from 'node:path'
import type { ExecConfig } from '../../client/exec-plugin.ts'
import { parseYaml } from '../../machinery/yaml.ts'
import { KubectlError, plainMessage } from '../errors.ts'

export interface ClusterEntry {
  server?: string
  'tls-server-name'?: string
  'insecure-skip-tls-verify'?: boolean
  'certificate-authority'?: string
  'certificate-authority-data'?: string
  'proxy-url'?: string
  'disable-compression'?: boolean
  [key: string]: unknown
}

export interface ContextEntry {
  cluster?: string
  user?: string
  namespace?: string
  [key: string]: unknown
}

export interface UserEntry {
  'client-certificate'?: string
  'client-certificate-data'?: string
  'client-key'?: string
  'client-key-data'?: string
  token?: string
  tokenFile?: string
  username?: string
  password?: string
  as?: string
  'as-uid'?: string
  'as-groups'?: string[]
  'as-user-extra'?: Record<string, string[]>
  exec?: ExecConfig
  [key: string]: unknown
}

/** A kubeconfig with its lists as maps. */
export interface Kubeconfig {
  clusters: Map<string, ClusterEntry>
  contexts: Map<string, ContextEntry>
  users: Map<string, UserEntry>
  currentContext: string
  /** Which file each entry came from: `clusters/name` → path. */
  origins: Map<string, string>
}

/** Which files make up the user's kubeconfig. */
export interface KubeconfigSource {
  readonly explicit: string | undefined
  readonly env: NodeJS.ProcessEnv
  readonly home: string
  readonly cwd: string
}

function emptyKubeconfig(): Kubeconfig {
  return { clusters: new Map(), contexts: new Map(), users: new Map(), currentContext: '', origins: new Map() }
}

/** The files that are read, in order of precedence. */
export function kubeconfigFiles(source: KubeconfigSource): string[] {
  const given = source.explicit !== undefined && source.explicit !== '' ? [source.explicit] : fromEnv(source.env)
  const files = given.length > 0 ? given : [`${source.home}/.kube/config`]
  return files.map((file) => resolve(source.cwd, file))
}

function fromEnv(env: NodeJS.ProcessEnv): string[] {
  return [...new Set((env.KUBECONFIG ?? '').split(':').filter((path) => path !== ''))]
}

/** Reads and merges: the first file that says a thing wins. */
export function loadKubeconfig(source: KubeconfigSource): Kubeconfig {
  const merged = emptyKubeconfig()
  for (const file of kubeconfigFiles(source)) {
    if (!existsSync(file)) {
      if (source.explicit) throw new KubectlError(`stat ${source.explicit}: no such file or directory`)
      continue
    }
    merge(merged, withAbsolutePaths(readKubeconfig(file), dirname(file)))
  }
  return merged
}

/** Reads one file as it stands, paths included. Throws KubectlError when it is no kubeconfig. */
function readKubeconfig(file: string): Kubeconfig {
  if (!existsSync(file)) return emptyKubeconfig()
  let parsed: unknown
  try {
    parsed = parseYaml(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new KubectlError(`error loading config file ${JSON.stringify(file)}: ${plainMessage(error)}`, {
      cause: error,
    })
  }
  const config = emptyKubeconfig()
  if (parsed === null || parsed === undefined) return config
  if (typeof parsed !== 'object') {
    throw new KubectlError(
      `error loading config file ${JSON.stringify(file)}: couldn't get version/kind; json parse error`,
    )
  }
  const raw = parsed as Record<string, unknown>
  config.currentContext = typeof raw['current-context'] === 'string' ? raw['current-context'] : ''
  for (const [list, field] of LISTS) {
    for (const entry of Array.isArray(raw[list]) ? (raw[list] as Record<string, unknown>[]) : []) {
      const name = String(entry.name ?? '')
      const value = entry[field]
      config[list].set(name, (typeof value === 'object' && value !== null ? value : {}) as never)
      config.origins.set(`${list}/${name}`, file)
    }
  }
  return config
}

const LISTS = [
  ['clusters', 'cluster'],
  ['contexts', 'context'],
  ['users', 'user'],
] as const

function merge(into: Kubeconfig, from: Kubeconfig): void {
  if (into.currentContext === '') into.currentContext = from.currentContext
  for (const [list] of LISTS) {
    for (const [name, value] of from[list]) {
      if (into[list].has(name)) continue
      into[list].set(name, value as never)
      into.origins.set(`${list}/${name}`, from.origins.get(`${list}/${name}`) ?? '')
    }
  }
}

function withAbsolutePaths(config: Kubeconfig, dir: string): Kubeconfig {
  const absolute = (entry: Record<string, unknown>, key: string) => {
    const path = entry[key]
    if (typeof path === 'string' && path !== '' && !isAbsolute(path)) entry[key] = resolve(dir, path)
  }
  for (const cluster of config.clusters.values()) absolute(cluster, 'certificate-authority')
  for (const user of config.users.values()) {
    for (const key of ['client-certificate', 'client-key', 'tokenFile']) absolute(user, key)
    if (user.exec?.command?.includes('/') && !isAbsolute(user.exec.command)) {
      user.exec.command = resolve(dir, user.exec.command)
    }
  }
  return config
}

/** The kubeconfig as an object for printing or writing, entries by name. */
export function kubeconfigObject(config: Kubeconfig): Record<string, unknown> {
  const list = (name: 'clusters' | 'contexts' | 'users', field: string) => {
    const entries = [...config[name]].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    return entries.length === 0 ? null : entries.map(([entry, value]) => ({ [field]: value, name: entry }))
  }
  return {
    apiVersion: 'v1',
    clusters: list('clusters', 'cluster'),
    contexts: list('contexts', 'context'),
    'current-context': config.currentContext,
    kind: 'Config',
    users: list('users', 'user'),
  }
}
