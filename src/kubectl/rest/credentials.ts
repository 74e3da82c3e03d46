// Who the client says it is: tokens, passwords, impersonation, and credential plugins.
// Spec: client.authentication.k8s.io/v1.

import { readFileSync } from 'node:fs'
import type { RestConfig } from '../config/rest-config.ts'
import { ConnectionError } from '../errors.ts'
import type { RestClientOptions } from './client.ts'

export interface Credentials {
  headers(): Promise<Record<string, string | string[]>>
  /** A certificate that a plugin gave. */
  certificate(): { cert: string; key: string } | undefined
}

/** The credentials that the configuration asks for. */
export async function createCredentials(options: RestClientOptions): Promise<Credentials> {
  const { config } = options
  const fromPlugin = config.exec && !config.token ? await runPlugin(options) : undefined
  const fixed = impersonationHeaders(config)
  const header = () => authorization(config, fromPlugin?.token)
  return {
    async headers() {
      const value = header()
      return value === undefined ? fixed : { ...fixed, authorization: value }
    },
    certificate() {
      const { clientCertificateData: cert, clientKeyData: key } = fromPlugin ?? {}
      return cert && key ? { cert, key } : undefined
    },
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

interface PluginCredentials {
  readonly token?: string
  readonly clientCertificateData?: string
  readonly clientKeyData?: string
}

const PLUGIN_LIMIT_MS = 120_000

async function runPlugin(options: RestClientOptions): Promise<PluginCredentials> {
  const { exec, server, tls } = options.config
  const command = exec?.command ?? ''
  const apiVersion = exec?.apiVersion ?? 'client.authentication.k8s.io/v1'
  const interactive = exec?.interactiveMode !== 'Never' && options.stdinInUse !== true && process.stdin.isTTY === true
  const cluster = {
    server,
    ...(tls.ca ? { 'certificate-authority-data': Buffer.from(tls.ca).toString('base64') } : {}),
    ...(tls.insecure ? { 'insecure-skip-tls-verify': true } : {}),
  }
  const info = {
    kind: 'ExecCredential',
    apiVersion,
    spec: { interactive, ...(exec?.provideClusterInfo ? { cluster } : {}) },
  }
  const env = { ...options.env, KUBERNETES_EXEC_INFO: JSON.stringify(info) }
  for (const { name, value } of exec?.env ?? []) Object.assign(env, { [name]: value })
  const { spawn } = await import('node:child_process')
  const failed = (text: string, cause?: unknown) =>
    new ConnectionError({ host: server, refused: false, message: `getting credentials: ${text}` }, cause)
  const output = await new Promise<string>((resolve, reject) => {
    const child = spawn(command, exec?.args ?? [], {
      env,
      stdio: [interactive ? 'inherit' : 'ignore', 'pipe', 'inherit'],
      timeout: PLUGIN_LIMIT_MS,
    })
    let text = ''
    child.stdout?.on('data', (chunk: Buffer) => {
      text += chunk.toString()
    })
    child.on('error', (error) => {
      const hint = exec?.installHint ? `\n\n${exec.installHint}` : ''
      reject(failed(`exec: executable ${command} not found${hint}`, error))
    })
    child.on('close', (code) => {
      if (code === 0) resolve(text)
      else reject(failed(`exec: executable ${command} failed with exit code ${code}`))
    })
  })
  return credentialsIn(output, failed)
}

function credentialsIn(output: string, failed: (text: string, cause?: unknown) => Error): PluginCredentials {
  let parsed: { kind?: string; status?: PluginCredentials }
  try {
    parsed = JSON.parse(output)
  } catch (error) {
    throw failed('decoding stdout: expected an ExecCredential as JSON', error)
  }
  if (parsed.kind !== 'ExecCredential' || !parsed.status) throw failed("exec plugin didn't return a status field")
  const { token, clientCertificateData, clientKeyData } = parsed.status
  if (!token && !(clientCertificateData && clientKeyData)) {
    throw failed("exec plugin didn't return a token or cert/key pair")
  }
  return parsed.status
}
