// Marks this machine's Node as control plane. A kubelet may not do that itself: NodeRestriction keeps such labels.

import { nodes } from '../api/generated/resources.ts'
import type { Client } from '../client/client.ts'
import { isReason } from '../machinery/errors.ts'

const LABEL = 'node-role.kubernetes.io/control-plane'

/** Labels the node as soon as it registers, and again after it was deleted. Runs until the signal aborts. */
export async function labelControlPlane(options: { client: Client; name: string; signal: AbortSignal }): Promise<void> {
  const { client, name, signal } = options
  const patch = { metadata: { labels: { [LABEL]: '' } } }
  while (!signal.aborted) {
    for await (const event of client.watch(nodes, { fieldSelector: `metadata.name=${name}`, signal })) {
      if (event.type !== 'ADDED' || event.object.metadata.labels?.[LABEL] !== undefined) continue
      try {
        await client.patch(nodes, { name }, { type: 'merge', patch })
      } catch (error) {
        // Gone already: it will be announced again.
        if (!isReason(error, 'NotFound')) throw error
      }
    }
  }
}
