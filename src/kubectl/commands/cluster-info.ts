// kubectl cluster-info: where the control plane and the cluster's own services are; `dump` writes out everything.

import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { toYaml } from '../../machinery/yaml-writer.ts'
import type { KubectlCommand, KubectlContext } from '../command.ts'
import { isObject, itemsOf, type KubeObject } from '../object.ts'
import { toJson } from '../printers/json.ts'

const GREEN = '\u001b[0;32m'
const YELLOW = '\u001b[0;33m'
const PLAIN = '\u001b[0m'

interface Port {
  readonly name?: string
  readonly port?: number
}

export const clusterInfo: KubectlCommand = {
  name: 'cluster-info',
  usage: '[flags] [options]',
  short: 'Display cluster information',
  long: "Display addresses of the control plane and services with label kubernetes.io/cluster-service=true. To further debug and diagnose cluster problems, use 'kubectl cluster-info dump'.",
  examples: `# Print the address of the control plane and cluster services
kubectl cluster-info`,
  flags: [],
  children: [
    {
      name: 'dump',
      usage: '[flags] [options]',
      short: 'Dump relevant information for debugging and diagnosis',
      flags: [
        {
          name: 'all-namespaces',
          short: 'A',
          type: 'boolean',
          description: 'If true, dump all namespaces.  If true, --namespaces is ignored.',
        },
        { name: 'namespaces', type: 'slice', description: 'A comma separated list of namespaces to dump.' },
        {
          name: 'output',
          short: 'o',
          type: 'string',
          fallback: 'json',
          description: 'Output format. One of: (json, yaml).',
        },
        {
          name: 'output-directory',
          type: 'string',
          description:
            "Where to output the files.  If empty or '-' uses stdout, otherwise creates a directory hierarchy in that directory",
        },
      ],
      run: async (_invocation, ctx) => dump(ctx),
    },
  ],
  async run(_invocation, ctx) {
    const client = await ctx.client()
    const namespace = ctx.flags.string('namespace') || 'kube-system'
    const list = (await client.json({
      path: `/api/v1/namespaces/${namespace}/services`,
      query: { labelSelector: 'kubernetes.io/cluster-service=true' },
    })) as KubeObject
    const { server } = client.config
    const colored = ctx.stdout.isTTY === true && ctx.env.TERM !== 'dumb' && ctx.env.NO_COLOR === undefined
    const line = (name: string, link: string) =>
      ctx.out(
        colored
          ? `${GREEN}${name}${PLAIN} is running at ${YELLOW}${link}${PLAIN}\n`
          : `${name} is running at ${link}\n`,
      )
    line('Kubernetes control plane', server)
    for (const service of itemsOf(list) ?? []) {
      line(service.metadata?.labels?.['kubernetes.io/name'] || (service.metadata?.name ?? ''), linkOf(service, server))
    }
    ctx.out(`\nTo further debug and diagnose cluster problems, use '${ctx.program} cluster-info dump'.\n`)
    return 0
  },
}

function linkOf(service: KubeObject, server: string): string {
  const spec = (service.spec ?? {}) as { ports?: Port[] }
  const status = (service.status ?? {}) as { loadBalancer?: { ingress?: { ip?: string; hostname?: string }[] } }
  const [ingress] = status.loadBalancer?.ingress ?? []
  if (ingress) {
    const host = ingress.ip || ingress.hostname
    return (spec.ports ?? []).map((p) => `http://${host}:${p.port} `).join('')
  }
  const [port] = spec.ports ?? []
  const scheme = port && (port.name === 'https' || port.port === 443) ? 'https:' : ''
  const portName = port?.name || scheme ? `:${port?.name ?? ''}` : ''
  const name = `${scheme}${service.metadata?.name}${portName}`
  return `${server}/api/v1/namespaces/${service.metadata?.namespace}/services/${name}/proxy`
}

const DUMPED = [
  ['events', '/api/v1'],
  ['replication-controllers', '/api/v1', 'replicationcontrollers'],
  ['services', '/api/v1'],
  ['daemonsets', '/apis/apps/v1'],
  ['deployments', '/apis/apps/v1'],
  ['replicasets', '/apis/apps/v1'],
  ['pods', '/api/v1'],
] as const

async function dump(ctx: KubectlContext): Promise<number> {
  const client = await ctx.client()
  const yaml = ctx.flags.string('output') === 'yaml'
  const extension = yaml ? 'yaml' : 'json'
  const directory = ctx.flags.string('output-directory') ?? ''
  const write = (name: string, text: string) => {
    if (directory === '' || directory === '-') return ctx.out(text)
    const file = join(resolve(ctx.cwd, directory), name)
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, text)
  }
  const show = (object: unknown) => (yaml ? `---\n${toYaml(object)}` : toJson(object))
  write(`nodes.${extension}`, show(await client.json({ path: '/api/v1/nodes' })))
  for (const namespace of await dumpedNamespaces(ctx)) {
    let pods: KubeObject[] = []
    for (const [file, base, resource] of DUMPED) {
      const list = (await client.json({ path: `${base}/namespaces/${namespace}/${resource ?? file}` })) as KubeObject
      write(join(namespace, `${file}.${extension}`), show(list))
      if (file === 'pods') pods = itemsOf(list) ?? []
    }
    for (const pod of pods) await dumpLogs(ctx, namespace, pod, write)
  }
  if (directory !== '' && directory !== '-') ctx.out(`Cluster info dumped to ${directory}\n`)
  return 0
}

async function dumpedNamespaces(ctx: KubectlContext): Promise<string[]> {
  if (ctx.flags.boolean('all-namespaces')) {
    const client = await ctx.client()
    const list = (await client.json({ path: '/api/v1/namespaces' })) as KubeObject
    return (itemsOf(list) ?? []).map((n) => n.metadata?.name ?? '')
  }
  const named = ctx.flags.strings('namespaces')
  return named.length > 0 ? [...named] : ['kube-system', ctx.namespace().namespace]
}

async function dumpLogs(
  ctx: KubectlContext,
  namespace: string,
  pod: KubeObject,
  write: (name: string, text: string) => void,
): Promise<void> {
  const client = await ctx.client()
  const spec = isObject(pod.spec) ? pod.spec : {}
  const containers = [
    ...((spec.initContainers as { name: string }[]) ?? []),
    ...((spec.containers as { name: string }[]) ?? []),
  ]
  const name = pod.metadata?.name ?? ''
  for (const container of containers) {
    const file = join(namespace, name, 'logs.txt')
    const head = `==== START logs for container ${container.name} of pod ${namespace}/${name} ====\n`
    const tail = `==== END logs for container ${container.name} of pod ${namespace}/${name} ====\n`
    let text: string
    try {
      const response = await client.send({
        path: `/api/v1/namespaces/${namespace}/pods/${name}/log`,
        query: { container: container.name },
        accept: '*/*',
      })
      text = response.body.toString()
    } catch (error) {
      // A dump of a broken cluster says what it could not read and goes on.
      text = `Create log request failed: ${error instanceof Error ? error.message : String(error)}\n`
    }
    write(file, head + text + tail)
  }
}
