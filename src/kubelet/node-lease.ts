// Renews this node's Lease: the cheap sign of life that the node lifecycle controller watches.

import type { Lease } from '../api/generated/coordination-v1.ts'
import { leases } from '../api/generated/resources.ts'
import type { Client } from '../client/client.ts'
import { type Clock, formatMicroTime, pause } from '../machinery/clock.ts'
import type { DeepReadonly } from '../machinery/deep-readonly.ts'
import { isReason } from '../machinery/errors.ts'
import type { Logger } from '../machinery/logger.ts'

const NAMESPACE = 'kube-node-lease'
const RENEW_MS = 10_000
const RETRY_MS = 1000
const DURATION_SECONDS = 40

/** Renews until the signal aborts. Starts once the node is registered. */
export async function runNodeLease(
  env: { client: Client; clock: Clock; log: Logger; signal: AbortSignal },
  node: { name: string; uid: string },
): Promise<void> {
  let lease: DeepReadonly<Lease> | undefined
  while (!env.signal.aborted) {
    let wait = RENEW_MS
    try {
      lease = await renew(env, node, lease)
    } catch (error) {
      if (env.signal.aborted) return
      lease = undefined
      wait = RETRY_MS
      env.log.warn('node-lease-not-renewed', { node: node.name, error })
    }
    await pause(env.clock, wait, { signal: env.signal })
  }
}

async function renew(
  env: { client: Client; clock: Clock },
  node: { name: string; uid: string },
  known: DeepReadonly<Lease> | undefined,
): Promise<DeepReadonly<Lease>> {
  const { client, clock } = env
  const spec = {
    holderIdentity: node.name,
    leaseDurationSeconds: DURATION_SECONDS,
    renewTime: formatMicroTime(clock.now()),
  }
  const ownerReferences = [{ apiVersion: 'v1', kind: 'Node', name: node.name, uid: node.uid }]
  const current = known ?? (await find(client, node.name))
  if (current) {
    const metadata = { ...current.metadata, ownerReferences }
    return client.update(leases, { ...current, metadata, spec: { ...current.spec, ...spec } })
  }
  return client.create(leases, { metadata: { name: node.name, namespace: NAMESPACE, ownerReferences }, spec })
}

async function find(client: Client, name: string): Promise<DeepReadonly<Lease> | undefined> {
  try {
    return await client.get(leases, { namespace: NAMESPACE, name })
  } catch (error) {
    if (isReason(error, 'NotFound')) return undefined
    throw error
  }
}
