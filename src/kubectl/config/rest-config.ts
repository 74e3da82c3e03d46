// What the flags and the kubeconfig say together: which server, as whom, in which namespace.
// Model: k8s.io/client-go/tools/clientcmd.

import { readFileSync } from 'node:fs'
import { EXEC_EXTENSION, type ExecPlugin, execPluginOf, execProblems } from '../../client/exec-plugin.ts'
import { ConfigurationError, KubectlError, plainMessage } from '../errors.ts'
import type { ParsedFlags } from '../flags.ts'
import { parseGoDuration } from '../flags.ts'
import type { ClusterEntry, ContextEntry, Kubeconfig, UserEntry } from './kubeconfig.ts'

export interface RestConfig {
  /** Base URL without a slash at its end. */
  readonly server: string
  readonly tls: {
    readonly ca?: string
    readonly cert?: string
    readonly key?: string
    readonly serverName?: string
    readonly insecure: boolean
  }
  readonly token?: string
  readonly tokenFile?: string
  readonly username?: string
  readonly password?: string
  readonly exec?: ExecPlugin
  readonly impersonate: {
    readonly user?: string
    readonly uid?: string
    readonly groups: readonly string[]
    readonly extra: Readonly<Record<string, readonly string[]>>
  }
  readonly proxyUrl?: string
  /** Limit of one request; 0 is none. */
  readonly timeoutMs: number
}

const DEFAULT_SERVER = 'http://localhost:8080'

interface Chosen {
  readonly context: ContextEntry
  readonly cluster: ClusterEntry
  readonly user: UserEntry
  readonly userName: string
}

/** Follows flags, context, cluster and user. Throws what kubectl says when one is missing. */
function choose(config: Kubeconfig, flags: ParsedFlags): Chosen {
  const contextName = flags.string('context') || config.currentContext
  const found = config.contexts.get(contextName)
  if (contextName !== '' && !found) {
    throw new ConfigurationError(`context was not found for specified context: ${contextName}`)
  }
  const context = found ?? {}
  const clusterFlag = flags.string('cluster')
  const clusterName = clusterFlag || context.cluster || ''
  const cluster = config.clusters.get(clusterName)
  if (clusterFlag && !cluster) throw new KubectlError(`no server found for cluster ${JSON.stringify(clusterFlag)}`)
  const userFlag = flags.string('user')
  const userName = userFlag || context.user || ''
  const user = config.users.get(userName)
  if (userFlag && !user) throw new KubectlError(`auth info ${JSON.stringify(userFlag)} does not exist`)
  return { context, cluster: cluster ?? {}, user: user ?? {}, userName }
}

/** The namespace and whether `--namespace` said so. */
export function chooseNamespace(config: Kubeconfig, flags: ParsedFlags): { namespace: string; explicit: boolean } {
  const flag = flags.string('namespace')
  if (flag) return { namespace: flag, explicit: true }
  const name = flags.string('context') || config.currentContext
  const context = config.contexts.get(name)
  return { namespace: context?.namespace || 'default', explicit: false }
}

/** Everything a client needs. */
export function chooseRestConfig(config: Kubeconfig, flags: ParsedFlags): RestConfig {
  const { cluster, user, userName } = choose(config, flags)
  const server = normalServer(flags.string('server') || cluster.server || DEFAULT_SERVER)
  const insecure = flags.changed('insecure-skip-tls-verify')
    ? flags.boolean('insecure-skip-tls-verify')
    : cluster['insecure-skip-tls-verify'] === true
  const file = (kind: string, path: string | undefined) => (path ? readPem(kind, path) : undefined)
  const data = (text: string | undefined) => (text ? Buffer.from(text, 'base64').toString() : undefined)
  const caFlag = flags.string('certificate-authority')
  const certFlag = flags.string('client-certificate')
  const keyFlag = flags.string('client-key')
  const ca = caFlag
    ? file('certificate-authority', caFlag)
    : (data(cluster['certificate-authority-data']) ?? file('certificate-authority', cluster['certificate-authority']))
  const cert = certFlag
    ? file('client-cert', certFlag)
    : (data(user['client-certificate-data']) ?? file('client-cert', user['client-certificate']))
  const key = keyFlag
    ? file('client-key', keyFlag)
    : (data(user['client-key-data']) ?? file('client-key', user['client-key']))
  const serverName = flags.string('tls-server-name') || cluster['tls-server-name']
  const token = flags.string('token') || user.token
  return {
    server,
    tls: {
      insecure,
      ...(ca && !insecure ? { ca } : {}),
      ...(cert ? { cert } : {}),
      ...(key ? { key } : {}),
      ...(serverName ? { serverName } : {}),
    },
    ...(token ? { token } : {}),
    ...(user.tokenFile && !flags.string('token') ? { tokenFile: user.tokenFile } : {}),
    ...(user.username ? { username: user.username } : {}),
    ...(user.password ? { password: user.password } : {}),
    ...(user.exec ? { exec: pluginOf(userName, user.exec, { server, insecure, ca, serverName }, cluster) } : {}),
    ...(cluster['proxy-url'] ? { proxyUrl: cluster['proxy-url'] } : {}),
    impersonate: impersonation(flags, user, userName),
    timeoutMs: requestTimeout(flags.string('request-timeout')),
  }
}

/** The plugin of a user. Throws what kubectl says when something is wrong with it. */
function pluginOf(
  userName: string,
  exec: NonNullable<UserEntry['exec']>,
  {
    server,
    insecure,
    ca,
    serverName,
  }: { server: string; insecure: boolean; ca: string | undefined; serverName: string | undefined },
  cluster: ClusterEntry,
): ExecPlugin {
  const problems = execProblems(userName, exec)
  if (problems.length > 0) {
    throw new ConfigurationError(problems.length === 1 ? problems.join() : problems.map((p) => `\n* ${p}`).join(''))
  }
  const extensions = Array.isArray(cluster.extensions)
    ? (cluster.extensions as { name?: string; extension?: unknown }[])
    : []
  const config = extensions.find(({ name }) => name === EXEC_EXTENSION)?.extension
  return execPluginOf(exec, {
    server,
    ...(serverName ? { 'tls-server-name': serverName } : {}),
    ...(insecure ? { 'insecure-skip-tls-verify': true } : {}),
    ...(ca ? { 'certificate-authority-data': Buffer.from(ca).toString('base64') } : {}),
    ...(cluster['proxy-url'] ? { 'proxy-url': cluster['proxy-url'] } : {}),
    ...(config === undefined ? {} : { config }),
  })
}

function impersonation(flags: ParsedFlags, user: UserEntry, userName: string): RestConfig['impersonate'] {
  const extra: Record<string, string[]> = {}
  for (const pair of flags.strings('as-user-extra')) {
    const [key = '', value = ''] = pair.split(/=(.*)/s)
    extra[key] = [...(extra[key] ?? []), value]
  }
  const name = flags.string('as') || user.as
  const uid = flags.string('as-uid') || user['as-uid']
  const groups = flags.strings('as-group')
  if (!name && (uid || groups.length > 0 || Object.keys(extra).length > 0)) {
    throw new KubectlError(`requesting uid, groups or user-extra for ${userName} without impersonating a user`)
  }
  return {
    ...(name ? { user: name } : {}),
    ...(uid ? { uid } : {}),
    groups: groups.length > 0 ? groups : (user['as-groups'] ?? []),
    extra: Object.keys(extra).length > 0 ? extra : (user['as-user-extra'] ?? {}),
  }
}

function normalServer(server: string): string {
  const url = /^[a-z]+:\/\//i.test(server) ? server : `http://${server}`
  return url.replace(/\/+$/, '')
}

function requestTimeout(text: string | undefined): number {
  if (text === undefined || text === '' || text === '0') return 0
  if (/^\d+$/.test(text)) return Number(text) * 1000
  const ms = parseGoDuration(text)
  if (ms !== undefined) return ms
  throw new KubectlError(
    'Invalid timeout value. Timeout must be a single integer in seconds, or an integer followed by a corresponding time unit (e.g. 1s | 2m | 3h)',
  )
}

function readPem(kind: string, path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file or directory' : plainMessage(error)
    throw new ConfigurationError(`unable to read ${kind} ${path}: open ${path}: ${why}`, { cause: error })
  }
}
