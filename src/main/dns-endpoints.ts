// Keeps the endpoints of kube-system/kube-dns equal to the cluster's nodes, each of which answers its own pods.

import { nodes as nodesRef } from '../api/generated/resources.ts'
import type { Client } from '../client/client.ts'
import type { InformerFactory } from '../client/informer.ts'
import { type DnsEndpoint, ensureDnsService } from '../dns/dns-service.ts'
import { type Clock, pause } from '../machinery/clock.ts'
import type { Logger } from '../machinery/logger.ts'
import { addressIn } from './config.ts'
import { DNS_PORT } from './network.ts'

const RETRY_MS = 1000

/** Runs until the signal aborts. */
export async function runDnsEndpoints(options: {
  readonly client: Client
  readonly informers: InformerFactory
  readonly clock: Clock
  readonly log: Logger
  readonly serviceIP: string
  readonly signal: AbortSignal
}): Promise<void> {
  const { client, informers, clock, log, serviceIP, signal } = options
  const nodes = informers.informer(nodesRef)
  let wake: () => void = () => {}
  const changed = () => wake()
  nodes.subscribe({ add: changed, update: changed, delete: changed })
  signal.addEventListener('abort', changed, { once: true })
  informers.start(signal)
  let written: string | undefined
  while (!signal.aborted) {
    const next = new Promise<void>((resolve) => {
      wake = resolve
    })
    const endpoints: DnsEndpoint[] = nodes
      .list()
      .flatMap(({ metadata, spec }) =>
        spec.podCIDR ? [{ ip: addressIn(spec.podCIDR, 1), nodeName: metadata.name }] : [],
      )
      .sort((a, b) => a.ip.localeCompare(b.ip))
    const wanted = JSON.stringify(endpoints)
    if (wanted === written) {
      await next
      continue
    }
    try {
      await ensureDnsService({ client, serviceIP, endpoints, port: DNS_PORT })
      written = wanted
    } catch (error) {
      log.warn('dns-service-failed', { error })
      await pause(clock, RETRY_MS, { signal })
    }
  }
}
