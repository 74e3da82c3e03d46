// What is to be said of the ports of a pod's containers. Model: k8s.io/kubernetes/pkg/api/pod/warnings.go.

import type { ContainerPort } from '../../../api/generated/core-v1.ts'
import type { Placed } from './pods.ts'

/** Of the same port twice, and of names that more than one port has. */
export function portWarnings(containers: readonly Placed[]): string[] {
  const ports = containers.flatMap(([path, container]) =>
    (container.ports ?? []).map((port, i) => ({ at: `${path}.ports[${i}]`, port })),
  )
  const clashes = ports.flatMap(({ at, port }, i) => [
    ...(port.hostIP && !port.hostPort ? [`${at}: hostIP set without hostPort: ${shown(port)}`] : []),
    ...ports.slice(0, i).flatMap((other) => {
      const how = clash(port, other.port)
      return how === undefined ? [] : [`${at}: ${how} port definition with ${other.at}`]
    }),
  ])
  const named = ports.filter(({ port }) => port.name)
  const names = named.flatMap(({ at, port }) => {
    const first = named.find((other) => other.port.name === port.name)
    if (!first || first.at === at) return []
    const chosen = `services and probes that select ports by name will use ${first.at}`
    return [`${at}: duplicate port name ${JSON.stringify(port.name)} with ${first.at}, ${chosen}`]
  })
  return [...clashes, ...names]
}

/** As Go prints the struct. */
function shown({ name = '', hostPort = 0, containerPort, protocol = '', hostIP = '' }: ContainerPort): string {
  return `{Name:${name} HostPort:${hostPort} ContainerPort:${containerPort} Protocol:${protocol} HostIP:${hostIP}}`
}

function clash(port: ContainerPort, other: ContainerPort): string | undefined {
  if (port.containerPort !== other.containerPort || port.protocol !== other.protocol) return undefined
  const [a, b] = [port.hostPort ?? 0, other.hostPort ?? 0]
  const [ip, otherIp] = [port.hostIP ?? '', other.hostIP ?? '']
  if (ip === otherIp && a === b) return 'duplicate'
  if (a === 0 || b === 0) return 'overlapping'
  return a === b && (ip === '') !== (otherIp === '') ? 'dangerously ambiguous' : undefined
}
