// Keeps what is stored encrypted as a configuration says, with the KMS plugins that it names.
// Model: k8s.io/apiserver/pkg/server/options/encryptionconfig/controller.

import type { ResourceRule } from '../apiserver/encryption/encryption-configuration.ts'
import type { KmsPluginEnv } from '../apiserver/encryption/kms/plugin.ts'
import { KmsPlugins } from '../apiserver/encryption/kms/plugins.ts'
import type { CipherOfPlugin } from '../apiserver/encryption/providers.ts'
import type { HealthCheck } from '../apiserver/http/health.ts'
import type { Registry } from '../apiserver/registry/registry.ts'

export interface Encryption {
  readonly cipherOfPlugin: CipherOfPlugin
  /** Asks all plugins; none where there can be none. */
  readonly healthChecks: readonly HealthCheck[]
  /** Takes other rules from here on, unless a plugin of theirs is not well. */
  replace(registry: Registry, rules: readonly ResourceRule[]): Promise<void>
  close(): void
}

/** Starts the plugins of `rules`. `followed`: others may come. */
export async function startEncryption(
  rules: readonly ResourceRule[],
  env: KmsPluginEnv & { readonly followed: boolean },
): Promise<Encryption> {
  let plugins = await KmsPlugins.start(rules, env)
  const leaving = new Map<KmsPlugins, () => void>()
  return {
    cipherOfPlugin: (name) => plugins.cipherOf(name),
    healthChecks: env.followed || plugins.size > 0 ? [{ name: 'kms-providers', check: () => plugins.check() }] : [],
    async replace(registry, next) {
      const started = await KmsPlugins.start(next, env)
      try {
        await started.check()
        registry.replaceEncryption(next, started.cipherOf)
      } catch (cause) {
        started.close()
        const why = cause instanceof Error ? cause.message : String(cause)
        throw new Error(`health check for new transformers failed: ${why}`, { cause })
      }
      const old = plugins
      plugins = started
      const stop = env.clock.after(old.graceMs, () => {
        leaving.delete(old)
        old.close()
      })
      leaving.set(old, stop)
    },
    close() {
      for (const [old, stop] of leaving) {
        stop()
        old.close()
      }
      plugins.close()
    },
  }
}
