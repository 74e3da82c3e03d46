// Waits for a node to say that it is ready.

import { nodes } from '../api/generated/resources.ts'
import type { Client } from '../client/client.ts'

/** Resolves when the node reports that it is ready; rejects with the signal's reason when that comes first. */
export async function nodeReady(client: Client, name: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    for await (const event of client.watch(nodes, { fieldSelector: `metadata.name=${name}`, signal })) {
      if (event.type === 'BOOKMARK') continue
      if (event.object.status.conditions?.some((c) => c.type === 'Ready' && c.status === 'True')) return
    }
  }
  throw signal.reason
}
