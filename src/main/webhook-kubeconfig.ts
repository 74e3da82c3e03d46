// The kubeconfig that says where a webhook is, and who this server is to it.

import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import type { IdentityOf } from '../apiserver/webhook-call.ts'
import type { WebhookEndpoint } from '../apiserver/webhook-client.ts'
import { ExecCredentials } from '../client/exec-credentials.ts'
import { EXEC_EXTENSION, type ExecConfig, execPluginOf, execProblems } from '../client/exec-plugin.ts'
import type { Clock } from '../machinery/clock.ts'
import { parseYaml } from '../machinery/yaml.ts'

type Json = Record<string, unknown>

/** Reads a kubeconfig; paths in it are relative to it. Throws an Error that says what is missing or wrong. */
export function readWebhookEndpoint(path: string): WebhookEndpoint {
  const config = mapOf(parseYaml(readFileSync(path, 'utf8')))
  const context = namedIn(config, 'contexts', 'context', textOf(config['current-context']))
  if (!context) {
    throw new Error('invalid configuration: no configuration has been provided: current-context names no context')
  }
  const cluster = namedIn(config, 'clusters', 'cluster', textOf(context.cluster))
  if (!cluster) throw new Error(`invalid configuration: cluster ${JSON.stringify(context.cluster)} does not exist`)
  const user = namedIn(config, 'users', 'user', textOf(context.user)) ?? {}
  if (user['auth-provider'] !== undefined) {
    throw new Error(`no Auth Provider found for name ${JSON.stringify(textOf(mapOf(user['auth-provider']).name))}`)
  }
  const url = textOf(cluster.server)
  if (!URL.canParse(url) || new URL(url).protocol !== 'https:') {
    throw new Error(`clusters[].cluster.server: Invalid value: ${JSON.stringify(url)}: URL scheme must be https`)
  }
  const pem = (of: Json, name: string) => pemOf(of, name, dirname(path))
  const ca = pem(cluster, 'certificate-authority')
  const cert = pem(user, 'client-certificate')
  const key = pem(user, 'client-key')
  const servername = textOf(cluster['tls-server-name'])
  const authorization = authorizationOf(user, dirname(path))
  const exec = user.exec === undefined ? undefined : execOf(textOf(context.user), mapOf(user.exec), cluster, ca, path)
  return {
    url,
    insecure: cluster['insecure-skip-tls-verify'] === true,
    ...(ca ? { ca } : {}),
    ...(cert ? { cert } : {}),
    ...(key ? { key } : {}),
    ...(servername ? { servername } : {}),
    ...(authorization ? { authorization } : {}),
    ...(exec ? { exec } : {}),
  }
}

/**
 * Reads a kubeconfig whose users are named after the webhooks that they are for: `host:port`, `*.domain` or `*`.
 * Model: defaultAuthenticationInfoResolver of k8s.io/apiserver/pkg/util/webhook. Throws an Error that says what is wrong.
 */
export function readWebhookIdentities(path: string, clock: Clock): IdentityOf {
  const config = mapOf(parseYaml(readFileSync(path, 'utf8')))
  const users = new Map(
    (Array.isArray(config.users) ? config.users.map(mapOf) : []).map((entry) => [
      textOf(entry.name),
      mapOf(entry.user),
    ]),
  )
  const usual = textOf(namedIn(config, 'contexts', 'context', textOf(config['current-context']))?.user)
  const plugins = new Map<string, ExecCredentials>()
  return async (target) => {
    const name = [...namesFor(target), '*', usual].find((candidate) => users.has(candidate))
    const user = name === undefined ? undefined : users.get(name)
    if (name === undefined || !user) return {}
    if (user['auth-provider'] !== undefined) throw new Error('auth provider not supported')
    const cert = pemOf(user, 'client-certificate', dirname(path))
    const key = pemOf(user, 'client-key', dirname(path))
    const authorization = authorizationOf(user, dirname(path))
    const own = { ...(cert && key ? { cert, key } : {}), ...(authorization ? { authorization } : {}) }
    if (user.exec === undefined || authorization || cert) return own
    const source = plugins.get(name) ?? credentialsOf(execOf(name, mapOf(user.exec), {}, undefined, path), clock)
    plugins.set(name, source)
    const issued = await source.get()
    return {
      ...issued.certificate,
      ...(issued.token ? { authorization: `Bearer ${issued.token}` } : {}),
      refused: () => source.refused(issued),
    }
  }
}

function credentialsOf({ plugin, environment, terminal }: ReturnType<typeof execOf>, clock: Clock): ExecCredentials {
  return new ExecCredentials(plugin, { clock, environment, input: { terminal, inUse: false } })
}

/** What a user for the webhook may be called, the closest first; the usual port need not be said. */
function namesFor(target: string): string[] {
  const names = (of: string) => {
    const steps = of.split('.')
    return [of, ...steps.slice(1).map((_step, at) => `*.${steps.slice(at + 1).join('.')}`)]
  }
  return target.endsWith(':443') ? [...names(target), ...names(target.slice(0, -4))] : names(target)
}

/** The plugin that gives credentials. Throws an Error that says what is wrong with it. */
function execOf(user: string, given: Json, cluster: Json, ca: string | undefined, path: string) {
  const config = given as ExecConfig
  const problems = execProblems(user, config)
  if (problems.length > 0) {
    throw new Error(`invalid configuration: ${problems.length > 1 ? `[${problems.join(', ')}]` : problems.join()}`)
  }
  const { command = '' } = config
  const extensions = Array.isArray(cluster.extensions) ? cluster.extensions.map(mapOf) : []
  const told = extensions.find(({ name }) => name === EXEC_EXTENSION)?.extension
  const plugin = execPluginOf(
    // What is no name alone is found from where the kubeconfig is.
    { ...config, command: command.includes('/') ? resolve(dirname(path), command) : command },
    {
      server: textOf(cluster.server),
      ...(cluster['tls-server-name'] ? { 'tls-server-name': textOf(cluster['tls-server-name']) } : {}),
      ...(cluster['insecure-skip-tls-verify'] === true ? { 'insecure-skip-tls-verify': true } : {}),
      ...(ca ? { 'certificate-authority-data': Buffer.from(ca).toString('base64') } : {}),
      ...(told === undefined ? {} : { config: told }),
    },
  )
  return { plugin, environment: process.env, terminal: process.stdin.isTTY === true }
}

function authorizationOf(user: Json, directory: string): string | undefined {
  const file = textOf(user.tokenFile)
  const token = file ? readFileSync(resolve(directory, file), 'utf8').trim() : textOf(user.token)
  if (token) return `Bearer ${token}`
  const name = textOf(user.username)
  return name ? `Basic ${Buffer.from(`${name}:${textOf(user.password)}`).toString('base64')}` : undefined
}

function pemOf(map: Json, name: string, directory: string): string | undefined {
  const data = textOf(map[`${name}-data`])
  if (data) return Buffer.from(data, 'base64').toString()
  const file = textOf(map[name])
  return file ? readFileSync(resolve(directory, file), 'utf8') : undefined
}

function namedIn(config: Json, list: string, field: string, name: string): Json | undefined {
  const entries = Array.isArray(config[list]) ? (config[list] as unknown[]).map(mapOf) : []
  const entry = entries.find((candidate) => candidate.name === name)
  return entry && mapOf(entry[field])
}

function mapOf(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {}
}

function textOf(value: unknown): string {
  return value === undefined || value === null ? '' : String(value)
}
