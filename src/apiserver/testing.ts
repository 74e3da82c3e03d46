// A real API server core in memory, for tests of everything that speaks to the API.

import { namespaces, serviceaccounts } from '../api/generated/resources.ts'
import type { Client } from '../client/client.ts'
import { createEventRecorder } from '../client/event-recorder.ts'
import { type Clock, systemClock } from '../machinery/clock.ts'
import { jsonLogger } from '../machinery/logger.ts'
import { systemRandom } from '../machinery/random.ts'
import { openLogStore } from '../store/log-store.ts'
import { memoryLog } from '../store/memory/memory-log.ts'
import type { Store } from '../store/store.ts'
import { admissionPlugins } from './admission/index.ts'
import { Api, type VirtualCreate } from './api.ts'
import { allowAll } from './authorization/authorizer.ts'
import { CustomResources } from './custom/custom-resources.ts'
import type { ResourceRule } from './encryption/encryption-configuration.ts'
import type { CipherOfPlugin } from './encryption/providers.ts'
import type { Serves } from './features/runtime-config.ts'
import { createInProcessClient } from './in-process-client.ts'
import { Registry } from './registry/registry.ts'
import { allResources } from './resources/index.ts'
import { keepDefaultRange } from './services/default-range.ts'
import { createServiceAllocator } from './services/service-allocator.ts'
import { MASTERS_GROUP } from './user.ts'
import { clusterAddresses, webhookCaller } from './webhook-call.ts'

export interface TestApi {
  readonly client: Client
  readonly clock: Clock
  readonly api: Api
  readonly store: Store
  close(): Promise<void>
}

/**
 * Starts a server core on the memory store with the namespaces `default`, `kube-system`, `kube-public` and
 * `kube-node-lease`, each with its `default` service account. `customResources`: definitions are followed,
 * too. `store`: one that is there already, and stays open. Objects are frozen, so that editing a shared one throws.
 */
export async function startTestApi(
  options: {
    clock?: Clock
    virtual?: ReadonlyMap<string, VirtualCreate>
    legacyApis?: boolean
    customResources?: boolean
    store?: Store
    encryption?: readonly ResourceRule[]
    cipherOfPlugin?: CipherOfPlugin
    serves?: Serves
    /** Ranges of the default ServiceCIDR. */
    serviceCidrs?: readonly string[]
  } = {},
): Promise<TestApi> {
  const clock = options.clock ?? systemClock
  const store =
    options.store ??
    openLogStore({
      log: memoryLog(),
      clock,
      onFatal(error) {
        throw error
      },
    })
  const registry = new Registry({
    store,
    resources: allResources(options),
    clock,
    random: systemRandom,
    freeze: true,
    ...(options.serves ? { serves: options.serves } : {}),
    ...(options.encryption ? { encryption: options.encryption } : {}),
    ...(options.cipherOfPlugin ? { cipherOfPlugin: options.cipherOfPlugin } : {}),
  })
  const log = jsonLogger({ level: 'error', now: () => clock.now(), write: (line) => process.stderr.write(line) })
  const serviceCidrs = options.serviceCidrs ?? ['10.96.0.0/16']
  const nodePortRange = { from: 30000, to: 32767 }
  registry.allocators = [await createServiceAllocator(registry, { serviceCidrs, nodePortRange, log })]
  registry.admission = admissionPlugins(registry)
  const custom = options.customResources
    ? await CustomResources.start({
        registry,
        clock,
        log,
        call: webhookCaller({ clock, resolve: clusterAddresses(registry) }),
      })
    : undefined
  const api = new Api(registry, options.virtual ?? new Map())
  const client = createInProcessClient({
    api,
    user: { name: 'system:admin', groups: [MASTERS_GROUP] },
    authorizer: allowAll,
    onWarning() {},
  })
  const events = createEventRecorder({ client, clock, log, component: 'apiserver' })
  const stopRange = await keepDefaultRange({ registry, client, events, log, serviceCidrs })
  const { items } = await client.list(namespaces)
  const missing = ['default', 'kube-system', 'kube-public', 'kube-node-lease'].filter(
    (name) => !items.some(({ metadata }) => metadata.name === name),
  )
  for (const name of missing) {
    await client.create(namespaces, { metadata: { name }, spec: {} })
    await client.create(serviceaccounts, { metadata: { name: 'default', namespace: name } })
  }
  return {
    client,
    clock,
    api,
    store,
    async close() {
      stopRange()
      custom?.close()
      registry.close()
      if (!options.store) await store.close()
    },
  }
}
