// Forgets UDP connections that the kernel still sends to endpoints which are gone. TCP notices by itself.

import type { Logger } from '../machinery/logger.ts'
import type { Run } from './host.ts'
import type { UdpEntry } from './rule-items.ts'

/** A group of tracked connections: all to one address and port that are answered by one endpoint. */
export interface StaleFlow {
  readonly destination: string
  readonly port: number
  readonly answeredBy: string
}

const FLOW = /^udp\s.*?dst=(\S+) sport=\d+ dport=(\d+) .*?src=(\S+) dst=\S+ sport=\d+ dport=\d+/

/** Which of the flows in `conntrack -L` output go where none of `entries` would send them now. */
export function staleFlows(listing: string, entries: readonly UdpEntry[]): StaleFlow[] {
  const byAddress = new Map(entries.map((e) => [`${e.ip ?? ''}:${e.port}`, new Set(e.backends)]))
  const found = new Map<string, StaleFlow>()
  for (const line of listing.split('\n')) {
    const [, destination = '', dport = '', answeredBy = ''] = FLOW.exec(line) ?? []
    if (destination === '') continue
    const translated = answeredBy !== destination
    const direct = byAddress.get(`${destination}:${dport}`)
    // A connection to a node port is only ours when its destination was translated.
    const backends = direct ?? (translated ? byAddress.get(`:${dport}`) : undefined)
    if (!backends || backends.has(answeredBy) || (!translated && backends.size === 0)) continue
    const port = Number(dport)
    found.set(`${destination}:${dport}:${answeredBy}`, { destination, port, answeredBy })
  }
  return [...found.values()]
}

/** Deletes the stale flows of these entries. */
export async function forgetStaleFlows(options: {
  readonly entries: readonly UdpEntry[]
  readonly run: Run
  readonly log: Logger
}): Promise<void> {
  const { entries, run, log } = options
  const listed = await run('conntrack', ['-L', '-p', 'udp'])
  if (listed.code !== 0) throw new Error(`cannot list UDP connections: ${listed.stderr.trim()}`)
  for (const { destination, port, answeredBy } of staleFlows(listed.stdout, entries)) {
    const which = ['--orig-dst', destination, '--orig-port-dst', String(port), '--reply-src', answeredBy]
    const { code, stderr } = await run('conntrack', ['-D', '-p', 'udp', ...which])
    // 1 with this message: the connection ended in the meantime.
    if (code !== 0 && !stderr.includes('0 flow entries')) {
      throw new Error(`cannot delete UDP connections to ${destination}:${port}: ${stderr.trim()}`)
    }
    log.debug('udp-flows-forgotten', { destination, port, answeredBy })
  }
}
