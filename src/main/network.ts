// The network of a node: the pods' bridge, services, DNS.

import type { Client } from '../client/client.ts'
import type { InformerFactory } from '../client/informer.ts'
import type { Clock } from '../machinery/clock.ts'
import type { Logger } from '../machinery/logger.ts'
import { runWith } from '../network/host.ts'
import { setUpPodNetwork } from '../network/pod-network.ts'
import { runServiceProxy } from '../network/service-proxy.ts'
import { addressIn, bridgeName, nftablesTable } from './config.ts'
import type { NodeSetup } from './node.ts'
import type { Supervisor } from './supervisor.ts'

export interface NetworkPart {
  readonly client: Client
  readonly informers: InformerFactory
  readonly clock: Clock
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
    runServiceProxy({ ...part, nodeName: config.nodeName, podCidr: config.podCidr, bridge, table, run, signal }),
  )
}
