// Who the client says it is: tokens, passwords, impersonation, and credential plugins.
// Spec: client.authentication.k8s.io/v1.

import { readFileSync } from 'node:fs'
import type { IssuedCredentials } from '../../client/exec-plugin.ts'
import { systemClock } from '../../machinery/clock.ts'
import type { RestConfig } from '../config/rest-config.ts'
import { ConnectionError, plainMessage } from '../errors.ts'
import type { RestClientOptions } from './client.ts'

export interface Credentials {
  headers(): Promise<Record<string, string | string[]>>
  /** A certificate that a plugin gave. */
  certificate(): { cert: string; key: string } | undefined
  /** The server did not accept them: a plugin is asked anew before the next request. */
  refused(): void
}

/** The credentials that the configuration asks for. */
export async function createCredentials(options: RestClientOptions): Promise<Credentials> {
  const { config } = options
  const plugin = config.exec && !hasOthers(config) ? await pluginSource(config.exec, options) : undefined
  const fixed = impersonationHeaders(config)
  return {
    async headers() {
      const issued = await plugin?.get()
      const value = authorization(config, issued?.token)
      return value === undefined ? fixed : { ...fixed, authorization: value }
    },
    certificate: () => plugin?.last().certificate,
    refused: () => plugin?.refused(),
  }
}

/** A plugin is not asked when there is something to show already. */
function hasOthers({ token, tokenFile, username, tls }: RestConfig): boolean {
  return token !== undefined || tokenFile !== undefined || username !== undefined || tls.cert !== undefined
}

/** Runs the plugin, so that what it has to say is said first. */
async function pluginSource(exec: NonNullable<RestConfig['exec']>, { config, env, stdinInUse }: RestClientOptions) {
  // Few have plugins: nobody else waits for what runs them.
  const { ExecCredentials } = await import('../../client/exec-credentials.ts')
  const input = { terminal: process.stdin.isTTY === true, inUse: stdinInUse === true }
  const source = new ExecCredentials(exec, { clock: systemClock, environment: env, input })
  const get = () =>
    source.get().catch((error: unknown) => {
      throw new ConnectionError({ host: config.server, refused: false, message: plainMessage(error) }, error)
    })
  let last: IssuedCredentials = await get()
  return {
    async get() {
      last = await get()
      return last
    },
    last: () => last,
    refused: () => source.refused(last),
  }
}

function authorization(config: RestConfig, pluginToken: string | undefined): string | undefined {
  // A token in a file is rotated by whoever mounts it: read each time.
  const token = config.tokenFile ? readFileSync(config.tokenFile, 'utf8').trim() : (config.token ?? pluginToken)
  if (token) return `Bearer ${token}`
  if (config.username === undefined) return undefined
  return `Basic ${Buffer.from(`${config.username}:${config.password ?? ''}`).toString('base64')}`
}

function impersonationHeaders({ impersonate }: RestConfig): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {}
  if (impersonate.user) headers['Impersonate-User'] = impersonate.user
  if (impersonate.uid) headers['Impersonate-Uid'] = impersonate.uid
  if (impersonate.groups.length > 0) headers['Impersonate-Group'] = [...impersonate.groups]
  for (const [key, values] of Object.entries(impersonate.extra)) {
    headers[`Impersonate-Extra-${encodeURIComponent(key.toLowerCase())}`] = [...values]
  }
  return headers
}
