// Kubeconfig files: the cluster's own and its place in the user's.
// Spec: https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/

import { chownSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { parseYaml } from '../machinery/yaml.ts'
import { toYaml } from '../machinery/yaml-writer.ts'
import type { KeyPair } from './certificates.ts'

interface Named {
  name: string
  [key: string]: unknown
}

interface Kubeconfig {
  apiVersion: string
  kind: string
  clusters: Named[]
  contexts: Named[]
  users: Named[]
  'current-context': string
  preferences?: object
}

const base64 = (text: string) => Buffer.from(text).toString('base64')

/** The kubeconfig of a cluster's administrator. Cluster, user and context carry the cluster's name. */
export function clusterKubeconfig(options: { name: string; server: string; ca: string; admin: KeyPair }): Kubeconfig {
  const { name, server, ca, admin } = options
  return {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name, cluster: { 'certificate-authority-data': base64(ca), server } }],
    contexts: [{ name, context: { cluster: name, user: name } }],
    users: [{ name, user: { 'client-certificate-data': base64(admin.cert), 'client-key-data': base64(admin.key) } }],
    'current-context': name,
    preferences: {},
  }
}

/** Writes a kubeconfig, readable by its owner only. */
export function writeKubeconfig(file: string, config: object, owner?: { uid: number; gid: number }): void {
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  const temporary = `${file}.${process.pid}.new`
  writeFileSync(temporary, toYaml(config), { mode: 0o600 })
  if (owner) chownSync(temporary, owner.uid, owner.gid)
  renameSync(temporary, file)
}

/** The user's kubeconfig: the first file of $KUBECONFIG, else ~/.kube/config. */
export function userKubeconfigPath(env: NodeJS.ProcessEnv, home: string): string {
  const first = env.KUBECONFIG?.split(':').find((path) => path !== '')
  return first ?? `${home}/.kube/config`
}

const EMPTY: Kubeconfig = {
  apiVersion: 'v1',
  kind: 'Config',
  clusters: [],
  contexts: [],
  users: [],
  'current-context': '',
}

function read(file: string): Kubeconfig {
  if (!existsSync(file)) return structuredClone(EMPTY)
  const parsed = parseYaml(readFileSync(file, 'utf8'))
  if (parsed === null || parsed === undefined) return structuredClone(EMPTY)
  if (typeof parsed !== 'object') throw new Error(`cannot read kubeconfig ${JSON.stringify(file)}: expected a mapping`)
  const config = parsed as Partial<Kubeconfig>
  return {
    ...EMPTY,
    ...config,
    clusters: config.clusters ?? [],
    contexts: config.contexts ?? [],
    users: config.users ?? [],
  }
}

/** Adds the entries of `addition` (replacing those of the same name), makes its context current, keeps all else. */
export function mergeKubeconfig(file: string, addition: Kubeconfig, owner?: { uid: number; gid: number }): void {
  const config = read(file)
  for (const list of ['clusters', 'contexts', 'users'] as const) {
    const names = new Set(addition[list].map((entry) => entry.name))
    config[list] = [...config[list].filter((entry) => !names.has(entry.name)), ...addition[list]]
  }
  config['current-context'] = addition['current-context']
  writeKubeconfig(file, config, owner)
}

/** Removes the entries called `name`; a current context of that name is left empty. True when there was something. */
export function removeFromKubeconfig(file: string, name: string): boolean {
  if (!existsSync(file)) return false
  const config = read(file)
  const had = (['clusters', 'contexts', 'users'] as const).some((list) =>
    config[list].some((entry) => entry.name === name),
  )
  if (!had) return false
  for (const list of ['clusters', 'contexts', 'users'] as const) {
    config[list] = config[list].filter((entry) => entry.name !== name)
  }
  if (config['current-context'] === name) config['current-context'] = ''
  writeKubeconfig(file, config)
  return true
}
