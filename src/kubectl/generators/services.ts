// kubectl create service: clusterip, nodeport, loadbalancer, externalname.

import type { KubectlCommand, KubectlContext } from '../command.ts'
import { KubectlError } from '../errors.ts'
import type { Flag } from '../flags.ts'
import type { KubeObject } from '../object.ts'
import { generator, requireFlags, textFlag } from './generator.ts'

const tcpFlag: Flag = {
  name: 'tcp',
  type: 'slice',
  description: "Port pairs can be specified as '<port>:<targetPort>'.",
}

interface Port {
  readonly name: string
  readonly port: number
  readonly protocol: 'TCP'
  readonly targetPort: number | string
}

/** `5678:8080`, `80` or `80:http`. Throws KubectlError. */
export function parsePortPair(text: string): Port {
  const [first = '', second = first] = text.split(':', 2)
  const port = portNumber(first)
  const targetPort = /^\d+$/.test(second) ? portNumber(second) : second
  return { name: text.replace(':', '-'), port, protocol: 'TCP', targetPort }
}

function portNumber(text: string): number {
  const port = Number(text)
  if (!/^\d+$/.test(text)) throw new KubectlError(`strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`)
  if (port > 65_535) throw new KubectlError('port must be between 1 and 65535, inclusive')
  return port
}

function service(ctx: KubectlContext, name: string, type: string, more: Record<string, unknown> = {}): KubeObject {
  const pairs = ctx.flags.strings('tcp').map(parsePortPair)
  const nodePort = type === 'NodePort' ? ctx.flags.int('node-port') : 0
  const ports = pairs.map((port) => (nodePort > 0 ? { ...port, nodePort } : port))
  const labels = { app: name }
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { labels, name },
    spec: { ...more, ...(ports.length > 0 ? { ports } : {}), selector: labels, type },
    status: { loadBalancer: {} },
  }
}

const NO_PORTS = 'at least one tcp port specifier must be provided'

const clusterip = generator({
  name: 'clusterip',
  usage: 'NAME [--tcp=<port>:<targetPort>] [--dry-run=server|client|none] [options]',
  short: 'Create a ClusterIP service',
  failure: 'ClusterIP service:',
  flags: [
    tcpFlag,
    textFlag('clusterip', "Assign your own ClusterIP or set to 'None' for a 'headless' service (no loadbalancing)."),
  ],
  make({ ctx, name }) {
    const clusterIP = ctx.flags.string('clusterip') ?? ''
    if (clusterIP !== 'None' && ctx.flags.strings('tcp').length === 0) throw new KubectlError(NO_PORTS)
    return service(ctx, name, 'ClusterIP', clusterIP === '' ? {} : { clusterIP })
  },
})

const nodeport = generator({
  name: 'nodeport',
  usage: 'NAME [--tcp=port:targetPort] [--dry-run=server|client|none] [options]',
  short: 'Create a NodePort service',
  failure: 'NodePort service:',
  flags: [
    tcpFlag,
    { name: 'node-port', type: 'int', description: 'Port used to expose the service on each node in a cluster.' },
  ],
  make({ ctx, name }) {
    if (ctx.flags.strings('tcp').length === 0) throw new KubectlError(NO_PORTS)
    return service(ctx, name, 'NodePort')
  },
})

const loadbalancer = generator({
  name: 'loadbalancer',
  usage: 'NAME [--tcp=port:targetPort] [--dry-run=server|client|none] [options]',
  short: 'Create a LoadBalancer service',
  failure: 'LoadBalancer service:',
  flags: [tcpFlag],
  make({ ctx, name }) {
    if (ctx.flags.strings('tcp').length === 0) throw new KubectlError(NO_PORTS)
    return service(ctx, name, 'LoadBalancer')
  },
})

const externalname = generator({
  name: 'externalname',
  usage: 'NAME --external-name external.name [--dry-run=server|client|none] [options]',
  short: 'Create an ExternalName service',
  failure: 'ExternalName service:',
  flags: [tcpFlag, textFlag('external-name', 'External name of service')],
  make({ ctx, name }) {
    requireFlags(ctx, 'external-name')
    return service(ctx, name, 'ExternalName', { externalName: ctx.flags.string('external-name') ?? '' })
  },
})

export const services: KubectlCommand = {
  name: 'service',
  aliases: ['svc'],
  usage: '[flags] [options]',
  short: 'Create a service using a specified subcommand',
  flags: [],
  children: [clusterip, externalname, loadbalancer, nodeport],
}
