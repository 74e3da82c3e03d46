// The KMS plugins that a configuration names, and those of the one that takes its place.

import { aggregated } from '../../../machinery/aggregated.ts'
import type { ResourceRule } from '../encryption-configuration.ts'
import type { Cipher } from '../providers.ts'
import { KmsPlugin, type KmsPluginEnv } from './plugin.ts'
import { connectKms } from './service.ts'

/** The plugins of one configuration. */
export class KmsPlugins {
  readonly #plugins: ReadonlyMap<string, KmsPlugin>
  /** How long a call may still be under way that began before others took their place. */
  readonly graceMs: number

  private constructor(plugins: ReadonlyMap<string, KmsPlugin>, graceMs: number) {
    this.#plugins = plugins
    this.graceMs = graceMs
  }

  /** Asks each of them once; those that are not there are asked again until they are. */
  static async start(rules: readonly ResourceRule[], env: KmsPluginEnv): Promise<KmsPlugins> {
    const configs = rules.flatMap(({ providers }) => providers.filter((provider) => provider.type === 'kms'))
    const started = await Promise.all(
      configs.map(async (config) => {
        const plugin = await KmsPlugin.start(config, connectKms(config, env.clock), env)
        return [config.name, plugin] as const
      }),
    )
    const graceMs = 2 * configs.reduce((sum, { timeoutMs }) => sum + timeoutMs, 0)
    return new KmsPlugins(new Map(started), graceMs)
  }

  get size(): number {
    return this.#plugins.size
  }

  /** What encrypts with the plugin of a name. */
  readonly cipherOf = (name: string): Cipher => {
    const plugin = this.#plugins.get(name)
    if (!plugin) throw new Error(`no KMS plugin ${JSON.stringify(name)} was started`)
    return plugin.cipher
  }

  /** Rejects when one of them is not well, with what is wrong. */
  async check(): Promise<void> {
    const problems: string[] = []
    for (const [index, plugin] of [...this.#plugins.values()].entries()) {
      await plugin.check().catch((error: unknown) => {
        problems.push(`kms-provider-${index}: ${error instanceof Error ? error.message : String(error)}`)
      })
    }
    if (problems.length > 0) throw new Error(aggregated(problems))
  }

  close(): void {
    for (const plugin of this.#plugins.values()) plugin.close()
  }
}
