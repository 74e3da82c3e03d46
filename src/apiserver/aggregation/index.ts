// Aggregation, put together: the APIs of other servers, and the registration of our own.

import { pause } from '../../machinery/clock.ts'
import { groupVersions } from '../discovery.ts'
import { type LocalVersion, syncLocalServices } from './local-services.ts'
import { RemoteApis, type RemoteApisOptions } from './remote-apis.ts'

const RETRY_MS = 10_000

export interface Aggregation {
  readonly remotes: RemoteApis
  /** Resolves when what is served here has been registered for the first time. */
  readonly registered: Promise<void>
  close(): void
}

/** Starts following APIServices, and keeps those of local versions there. */
export async function startAggregation(options: RemoteApisOptions): Promise<Aggregation> {
  const { registry, client, clock, log } = options
  const stop = new AbortController()
  const remotes = await RemoteApis.start(options)
  registry.remotes = () => remotes.versions()
  const definitions = await registry.cache(registry.resource('apiextensions.k8s.io', 'customresourcedefinitions'))
  let due = true
  let running = false
  const sync = async () => {
    due = true
    if (running) return
    running = true
    while (due && !stop.signal.aborted) {
      due = false
      try {
        await syncLocalServices(client, localVersions())
      } catch (error) {
        if (stop.signal.aborted) break
        log.warn('api-services-not-registered', { error })
        due = true
        await pause(clock, RETRY_MS, { signal: stop.signal })
      }
    }
    running = false
  }
  const localVersions = (): LocalVersion[] =>
    groupVersions(registry).map(({ group, version, resources }) => ({
      group,
      version,
      custom: resources.some(({ resource }) => resource.view !== undefined),
    }))
  const unfollow = definitions.follow(definitions.revision, () => void sync())
  return {
    remotes,
    registered: sync(),
    close() {
      stop.abort()
      unfollow()
      remotes.close()
    },
  }
}
