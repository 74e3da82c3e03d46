// Renders the host ports of one pod on this node.

import type { Pod } from '../api/generated/core-v1.ts'
import type { DeepReadonly } from '../machinery/deep-readonly.ts'
import { parseIPv4 } from './addresses.ts'
import type { RuleItem, Rules, UdpEntry } from './rule-items.ts'

/** The rules of a pod; nothing until it has an address, once it has ended, and when it uses the host's network. */
export function renderHostPorts(pod: DeepReadonly<Pod>): Rules {
  const items: RuleItem[] = []
  const udp: UdpEntry[] = []
  const ip = pod.status.podIP
  const ended = pod.status.phase === 'Succeeded' || pod.status.phase === 'Failed'
  if (ip === undefined || parseIPv4(ip) === undefined || ended || pod.spec.hostNetwork) return { items, udp }
  // Sidecars are init containers that keep running.
  const sidecars = (pod.spec.initContainers ?? []).filter((c) => c.restartPolicy === 'Always')
  for (const port of [...sidecars, ...(pod.spec.containers ?? [])].flatMap((c) => c.ports ?? [])) {
    if (!port.hostPort) continue
    const protocol = (port.protocol ?? 'TCP').toLowerCase()
    const value = `${ip} . ${port.containerPort}`
    const { hostIP = '', hostPort } = port
    if (hostIP === '' || hostIP === '0.0.0.0') {
      items.push({ kind: 'element', store: 'host_ports', key: `${protocol} . ${hostPort}`, value })
    } else if (parseIPv4(hostIP) !== undefined) {
      items.push({ kind: 'element', store: 'host_ip_ports', key: `${hostIP} . ${protocol} . ${hostPort}`, value })
    } else {
      continue
    }
    items.push({ kind: 'element', store: 'hairpin', key: `${ip} . ${ip}` })
    if (protocol === 'udp') udp.push({ port: hostPort, backends: [ip] })
  }
  return { items, udp }
}
