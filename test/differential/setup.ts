// Puts a pair of servers in the place of the one that a conformance test starts.

import { expect, vi } from 'vitest'
import type { Client } from '../../src/client/client.ts'
import { StatusError } from '../../src/machinery/errors.ts'
import type { TestServer } from '../../src/main/testing.ts'
import type { Store } from '../../src/store/store.ts'
import { Names, writeDown } from './pair.ts'
import { accompany, Companion, tap } from './tap.ts'
import { putPast, startUpstream } from './upstream.ts'

/** Past the rules: what a store's `put` does on the other side. */
type PutPast = (name: string, object: string) => Promise<void>
const putsPast = new WeakMap<object, PutPast>()

/** What kinds behind gates need. */
const GATES = [
  ...['ClusterTrustBundle', 'CoordinatedLeaderElection', 'DRADeviceTaintRules', 'DRAResourcePoolStatus'],
  ...['GenericWorkload', 'PodCertificateRequest', 'StorageVersionAPI', 'StorageVersionMigrator'],
]
  .map((name) => `${name}=true`)
  .join(',')

async function outcome(run: () => Promise<unknown>): Promise<unknown> {
  try {
    return { object: await run() }
  } catch (error) {
    if (error instanceof StatusError) return { status: error.status }
    return { error: String(error) }
  }
}

/** Both clients are asked; the first one's answer is given. */
function pairClient(first: Client, second: Client, companion: Companion): Client {
  const { names } = companion
  const METHODS = [
    'get',
    'list',
    'create',
    'update',
    'patch',
    'delete',
    'deleteCollection',
    'createSubresource',
  ] as const
  const pair: Record<string, unknown> = { watch: first.watch.bind(first) }
  for (const method of METHODS) {
    pair[method] = async (...args: unknown[]) => {
      const call = (client: Client, given: unknown[]) =>
        (client[method] as (...a: unknown[]) => Promise<unknown>).apply(client, given)
      const [ref, ...rest] = args
      const sent = structuredClone(rest)
      const ours = await outcome(() => call(first, args))
      await companion.caughtUp
      const theirs = await outcome(() =>
        call(second, [ref, ...(JSON.parse(names.said(JSON.stringify(sent))) as unknown[])]),
      )
      names.learn(ours, theirs)
      const { currentTestName } = expect.getState()
      const said = JSON.parse(names.said(JSON.stringify(ours)))
      writeDown({ request: { method, ref, sent }, ours: said, theirs }, currentTestName)
      const { object, status, error } = ours as { object: unknown; status?: never; error?: string }
      if (status) throw new StatusError(status)
      if (error) throw new Error(error)
      return object
    }
  }
  return pair as unknown as Client
}

vi.mock('../../src/main/testing.ts', async (original) => {
  const real = await original<typeof import('../../src/main/testing.ts')>()
  const { createHttpsClient } = await import('../../src/client/https-client.ts')
  const { systemClock } = await import('../../src/machinery/clock.ts')
  const { serviceaccounts } = await import('../../src/api/generated/resources.ts')
  return {
    ...real,
    async startTestServer(options: Parameters<typeof real.startTestServer>[0] = {}) {
      const server = await real.startTestServer(options)
      const upstream = await startUpstream(server, options.flags ?? {})
      const names = new Names()
      const connect = (url: string) =>
        createHttpsClient({ server: url, ca: server.ca, credentials: server.admin, clock: systemClock })
      const [ours, theirs] = [connect(server.url), connect(upstream.url)]
      for (const namespace of ['default', 'kube-system']) {
        await theirs.create(serviceaccounts, { metadata: { name: 'default', namespace } })
      }
      const companion = new Companion(upstream.url, names)
      const leave = accompany(String(server.port), companion)
      const client = pairClient(ours, theirs, companion)
      const close = async () => {
        await companion.caughtUp
        ours.close()
        theirs.close()
        await server.close()
        await companion.settled()
        leave()
        await upstream.close()
      }
      const pair: TestServer = Object.create(server, { client: { value: client }, close: { value: close } })
      putsPast.set(pair, (name, object) => putPast(upstream.etcd, name, names.said(object)))
      return pair
    },
  }
})

vi.mock('../../src/apiserver/testing.ts', async (original) => {
  const real = await original<typeof import('../../src/apiserver/testing.ts')>()
  const { startTestServer } = await import('../../src/main/testing.ts')
  const { systemClock } = await import('../../src/machinery/clock.ts')
  return {
    ...real,
    async startTestApi(options: Parameters<typeof real.startTestApi>[0] = {}) {
      const flags: Record<string, string> = {
        ...(options.serves ? { 'runtime-config': 'api/all=true', 'feature-gates': GATES } : {}),
        ...(options.serviceCidrs ? { 'service-cluster-ip-range': options.serviceCidrs.join(',') } : {}),
      }
      const server = await startTestServer({ flags })
      const putPast = putsPast.get(server) as PutPast
      const put: Store['put'] = async (key, value, ...rest) => {
        const { metadata } = JSON.parse(value.toString()) as { metadata: { name: string } }
        await putPast(metadata.name, value.toString())
        return server.store.put(key, value, ...rest)
      }
      const store: Store = Object.create(server.store, { put: { value: put } })
      return { client: server.client, clock: systemClock, store, close: () => server.close() }
    },
  }
})

vi.mock('node:https', async (original) => tap(await original<typeof import('node:https')>()))
