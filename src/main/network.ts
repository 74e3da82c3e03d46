// The network of a node: the pods' bridge, services, DNS.

import type { Client } from '../client/client.ts'
import type { InformerFactory } from '../client/informer.ts'
import { runDns } from '../dns/server.ts'
import type { Clock } from '../machinery/clock.ts'
import type { Logger } from '../machinery/logger.ts'
import type { Random } from '../machinery/random.ts'
import { runWith } from '../network/host.ts'
import { setUpPodNetwork } from '../network/pod-network.ts'
import { runPodRoutes } from '../network/pod-routes.ts'
import { runServiceProxy } from '../network/service-proxy.ts'
import { addressIn, bridgeName, nftablesTable, tunnelName } from './config.ts'
import { type NodeSetup, upstreamNameServers } from './node.ts'
import type { Supervisor } from './supervisor.ts'

export const DNS_PORT = 53
/** Bridges of all clusters on a machine; see `bridgeName`. */
const SAMPAN_BRIDGES = ['sampan0', 'sp-*']

export interface NetworkPart {
  readonly client: Client
  readonly informers: InformerFactory
  readonly clock: Clock
  readonly random: Random
  readonly log: Logger
}

/** Sets up the bridge, then runs the service proxy until the supervisor ends. */
export async function startNetwork(
  setup: NodeSetup,
  part: NetworkPart,
  podCidr: string,
  supervisor: Supervisor,
): Promise<void> {
  const { config } = setup
  const bridge = bridgeName(config.name)
  const table = nftablesTable(config.name)
  const run = runWith({ ...setup.env, PATH: `${setup.env.PATH ?? ''}:/usr/sbin:/sbin` })
  const gateway = addressIn(podCidr, 1)
  await setUpPodNetwork({
    bridge,
    table,
    gatewayCidr: `${gateway}/${podCidr.split('/')[1]}`,
    podCidr: config.podCidr,
    serviceCidr: config.serviceCidr,
    run,
  })
  const { signal } = supervisor
  part.informers.start(signal)
  supervisor.run('service-proxy', () =>
    runServiceProxy({
      ...part,
      nodeName: config.nodeName,
      nodeIPs: [setup.nodeIP],
      podCidr: config.podCidr,
      bridge,
      tunnel: tunnelName(config.name),
      otherBridges: SAMPAN_BRIDGES,
      table,
      run,
      signal,
    }),
  )
  supervisor.run('dns', () =>
    runDns({
      ...part,
      listen: { host: gateway, port: DNS_PORT },
      clusterDomain: config.clusterDomain,
      serviceIP: setup.dnsIP,
      ownRanges: [config.serviceCidr, config.podCidr],
      upstreams: upstreamNameServers(),
      signal,
    }),
  )
  supervisor.run('pod-routes', () =>
    runPodRoutes({
      ...part,
      nodeName: config.nodeName,
      nodeIP: setup.nodeIP,
      podCidr,
      device: tunnelName(config.name),
      clusterCidr: config.podCidr,
      run,
      signal,
    }),
  )
}
