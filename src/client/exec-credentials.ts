// Credentials that a plugin issues: it is run when they are first needed, have expired, or were refused.
// Model: k8s.io/client-go/plugin/pkg/client/auth/exec.

import { spawn } from 'node:child_process'
import type { Clock } from '../machinery/clock.ts'
import { type ExecPlugin, execInfo, type IssuedCredentials, isInteractive, readExecCredential } from './exec-plugin.ts'

/** What a plugin is run in. */
export interface ExecWorld {
  readonly clock: Pick<Clock, 'now'>
  /** The environment that its own variables are added to. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Whether standard input is a terminal, and whether somebody else reads it. */
  readonly input: { readonly terminal: boolean; readonly inUse: boolean }
}

const LIMIT_MS = 120_000
const MAX_OUTPUT = 1024 * 1024
const HELP = `

It looks like you are trying to use a client-go credential plugin that is not installed.

To learn more about this feature, consult the documentation available at:
      https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins`

export class ExecCredentials {
  readonly #plugin: ExecPlugin
  readonly #world: ExecWorld
  #issued: IssuedCredentials | undefined
  /** A plugin may ask a person: it runs once, whoever waits for it. */
  #running: Promise<IssuedCredentials> | undefined

  constructor(plugin: ExecPlugin, world: ExecWorld) {
    this.#plugin = plugin
    this.#world = world
  }

  /** What holds now. Rejects when the plugin does not give anything. */
  async get(): Promise<IssuedCredentials> {
    const issued = this.#issued
    if (issued && !(issued.expires !== undefined && this.#world.clock.now() > issued.expires)) return issued
    this.#running ??= this.#renew()
    return this.#running
  }

  /** These were not accepted: the plugin is asked anew, unless it has been since. */
  refused(used: IssuedCredentials): void {
    if (this.#issued === used) this.#issued = undefined
  }

  async #renew(): Promise<IssuedCredentials> {
    try {
      const issued = readExecCredential(this.#plugin, await this.#run())
      this.#issued = issued
      return issued
    } catch (cause) {
      throw new Error(`getting credentials: ${cause instanceof Error ? cause.message : String(cause)}`, { cause })
    } finally {
      this.#running = undefined
    }
  }

  async #run(): Promise<string> {
    const { command, args, env, installHint } = this.#plugin
    const { environment, input } = this.#world
    const interactive = isInteractive(this.#plugin, input)
    const own = Object.fromEntries(env.map(({ name, value }) => [name, value]))
    return await new Promise<string>((resolve, reject) => {
      const child = spawn(command, args, {
        env: { ...environment, ...own, KUBERNETES_EXEC_INFO: execInfo(this.#plugin, interactive) },
        stdio: [interactive ? 'inherit' : 'ignore', 'pipe', 'inherit'],
        timeout: LIMIT_MS,
      })
      let output = ''
      child.stdout?.on('data', (chunk: Buffer) => {
        output += chunk.toString()
        if (output.length > MAX_OUTPUT) child.kill()
      })
      child.on('error', (cause: NodeJS.ErrnoException) => {
        const missing = cause.code === 'ENOENT' || cause.code === 'EACCES'
        const hint = installHint ? `\n\n${installHint}` : ''
        const message = missing ? `exec: executable ${command} not found${HELP}${hint}` : `exec: ${cause.message}`
        reject(new Error(message, { cause }))
      })
      child.on('close', (code) => {
        if (code === 0) resolve(output)
        else reject(new Error(`exec: executable ${command} failed with exit code ${code ?? -1}`))
      })
    })
  }
}
