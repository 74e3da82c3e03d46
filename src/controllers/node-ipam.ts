// Gives every node a range of pod addresses out of the cluster's range.

import { nodes as nodesRef } from '../api/generated/resources.ts'
import type { Controller } from '../client/controller.ts'
import { isReason } from '../machinery/errors.ts'

/** An IPv4 range that is dealt out in equal blocks. */
export interface CidrSet {
  readonly base: number
  readonly count: number
  readonly blockBits: number
}

/** Parses `10.244.0.0/16` into blocks of `/maskSize`. Throws on what is no IPv4 range or too small. */
function cidrSet(cidr: string, maskSize: number): CidrSet {
  const match = /^(\d+)\.(\d+)\.(\d+)\.(\d+)\/(\d+)$/.exec(cidr)
  const [a = 0, b = 0, c = 0, d = 0, bits = 0] = (match ?? []).slice(1).map(Number)
  if (!match || bits > maskSize || maskSize > 32 || Math.max(a, b, c, d) > 255) {
    throw new Error(
      `cannot deal out cluster CIDR ${JSON.stringify(cidr)} in blocks of /${maskSize}: expected an IPv4 range that is larger`,
    )
  }
  const base = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0
  const size = 2 ** (32 - bits)
  return { base: Math.floor(base / size) * size, count: 2 ** (maskSize - bits), blockBits: 32 - maskSize }
}

/** The text of block `index`. */
function blockText(set: CidrSet, index: number): string {
  const address = set.base + index * 2 ** set.blockBits
  const bytes = [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256)
  return `${bytes.join('.')}/${32 - set.blockBits}`
}

/** The first block that no one has; undefined when all are taken. */
function freeBlock(set: CidrSet, taken: ReadonlySet<string>): string | undefined {
  for (let i = 0; i < set.count; i++) {
    const text = blockText(set, i)
    if (!taken.has(text)) return text
  }
  return undefined
}

/** Makes the controller. */
export function nodeIpamController(options: { clusterCidr: string; nodeCidrMaskSize: number }): Controller {
  const set = cidrSet(options.clusterCidr, options.nodeCidrMaskSize)
  return {
    name: 'node-ipam-controller',
    eventComponent: 'cidrAllocator',
    setup({ client, informers, events }, queue) {
      const nodes = informers.informer(nodesRef)
      /** Given out, perhaps not in the cache yet: node name → block. */
      const given = new Map<string, string>()
      nodes.subscribe({
        add: (node) => queue.add(node.metadata.name),
        update: (_old, node) => {
          if (!node.spec.podCIDR) queue.add(node.metadata.name)
        },
        delete: (node) => {
          given.delete(node.metadata.name)
          for (const other of nodes.list()) if (!other.spec.podCIDR) queue.add(other.metadata.name)
        },
      })
      return {
        // One at a time: the choice of a block rests on all that were chosen before.
        workers: 1,
        async reconcile(name) {
          const node = nodes.get(name)
          if (!node || node.spec.podCIDR) return
          const taken = new Set(given.values())
          for (const other of nodes.list()) if (other.spec.podCIDR) taken.add(other.spec.podCIDR)
          const block = given.get(name) ?? freeBlock(set, taken)
          if (block === undefined) {
            const target = { apiVersion: 'v1', kind: 'Node', metadata: node.metadata }
            events.event(target, 'Normal', 'CIDRNotAvailable', `Node ${name} status is now: CIDRNotAvailable`)
            return
          }
          given.set(name, block)
          try {
            await client.patch(
              nodesRef,
              { name },
              { type: 'strategic', patch: { spec: { podCIDR: block, podCIDRs: [block] } } },
            )
          } catch (error) {
            if (!isReason(error, 'NotFound')) throw error
            given.delete(name)
          }
        },
      }
    },
  }
}
