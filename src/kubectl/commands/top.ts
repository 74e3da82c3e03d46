// kubectl top: what nodes and pods use, when the cluster serves metrics.
// Model: k8s.io/kubectl/pkg/cmd/top.

import { quantityMilli, quantityValue } from '../../machinery/quantity.ts'
import type { Invocation, KubectlCommand, KubectlContext } from '../command.ts'
import { KubectlError } from '../errors.ts'
import { itemsOf, type KubeObject } from '../object.ts'
import { alignRows } from '../printers/tab-writer.ts'
import { allNamespacesFlag, fieldSelectorFlag, selectorFlag } from '../resources/flags.ts'

interface Usage {
  readonly cpu?: string
  readonly memory?: string
}

interface Total {
  readonly cpu: number
  readonly memory: number
}

const MIB = 1024 * 1024
const GROUP = 'metrics.k8s.io'
const VERSIONS = ['v1', 'v1beta1']
const shared = [
  selectorFlag,
  { name: 'no-headers', type: 'boolean', description: 'If present, print output without headers' },
  {
    name: 'sort-by',
    type: 'string',
    description: "If non-empty, sort list using specified field. The field can be either 'cpu' or 'memory'.",
  },
  {
    name: 'use-protocol-buffers',
    type: 'boolean',
    fallback: 'true',
    description: 'Enables using protocol-buffers to access Metrics API.',
  },
  { name: 'show-swap', type: 'boolean', description: 'Print pod resources related to swap memory.' },
] as const

/** Path of the metrics API. Throws KubectlError when the cluster has none. */
async function metricsPath(ctx: KubectlContext): Promise<string> {
  const { freshDiscovery } = await import('../discovery/fresh.ts')
  const { discovery } = await freshDiscovery(ctx)
  const served = discovery.groups.find((g) => g.name === GROUP)?.versions ?? []
  const version = VERSIONS.find((v) => served.includes(v))
  if (!version) throw new KubectlError('Metrics API not available')
  return `/apis/${GROUP}/${version}`
}

function check(ctx: KubectlContext): void {
  if (!['', 'cpu', 'memory'].includes(ctx.flags.string('sort-by') ?? '')) {
    throw new KubectlError('--sort-by accepts only cpu or memory')
  }
}

const totalOf = ({ cpu = '0', memory = '0' }: Usage): Total => ({
  cpu: quantityMilli(cpu),
  memory: quantityValue(memory),
})

function sortRows<T extends { readonly name: string; readonly total: Total }>(rows: readonly T[], by: string): T[] {
  return rows.toSorted((a, b) => {
    if (by === 'cpu') return b.total.cpu - a.total.cpu
    if (by === 'memory') return b.total.memory - a.total.memory
    return a.name < b.name ? -1 : a.name > b.name ? 1 : 0
  })
}

const shown = ({ cpu, memory }: Total) => [`${Math.ceil(cpu)}m`, `${Math.floor(memory / MIB)}Mi`]

async function listOf(ctx: KubectlContext, path: string, name: string | undefined): Promise<KubeObject[]> {
  const client = await ctx.client()
  if (name !== undefined) return [(await client.json({ path: `${path}/${name}` })) as KubeObject]
  const query = {
    labelSelector: ctx.flags.string('selector') || undefined,
    fieldSelector: ctx.flags.string('field-selector') || undefined,
  }
  return itemsOf((await client.json({ path, query })) as KubeObject) ?? []
}

const node: KubectlCommand = {
  name: 'node',
  aliases: ['nodes', 'no'],
  usage: '[NAME | -l label] [options]',
  short: 'Display resource (CPU/memory) usage of nodes',
  flags: [
    ...shared,
    {
      name: 'show-capacity',
      type: 'boolean',
      description: 'Print node resources based on Capacity instead of Allocatable(default) of the nodes.',
    },
  ],
  async run({ args }: Invocation, ctx) {
    check(ctx)
    const base = await metricsPath(ctx)
    const metrics = await listOf(ctx, `${base}/nodes`, args[0])
    const nodes = await listOf(ctx, '/api/v1/nodes', args[0])
    const field = ctx.flags.boolean('show-capacity') ? 'capacity' : 'allocatable'
    const room = new Map(
      nodes.map((n) => [n.metadata?.name, totalOf(((n.status as Record<string, Usage>)?.[field] ?? {}) as Usage)]),
    )
    const rows = metrics.map((m) => ({ name: m.metadata?.name ?? '', total: totalOf((m.usage ?? {}) as Usage) }))
    const lines = sortRows(rows, ctx.flags.string('sort-by') ?? '').map(({ name, total }) => {
      const all = room.get(name)
      const percent = (used: number, of: number | undefined) => (of ? `${Math.floor((used / of) * 100)}%` : '<unknown>')
      const [cpu = '', memory = ''] = shown(total)
      return [name, cpu, percent(total.cpu, all?.cpu), memory, percent(total.memory, all?.memory)]
    })
    const headers = [['NAME', 'CPU(cores)', 'CPU(%)', 'MEMORY(bytes)', 'MEMORY(%)']]
    ctx.out(alignRows([...(ctx.flags.boolean('no-headers') ? [] : headers), ...lines]))
    return 0
  },
}

const pod: KubectlCommand = {
  name: 'pod',
  aliases: ['pods', 'po'],
  usage: '[NAME | -l label] [options]',
  short: 'Display resource (CPU/memory) usage of pods',
  flags: [
    ...shared,
    allNamespacesFlag,
    fieldSelectorFlag,
    { name: 'containers', type: 'boolean', description: 'If present, print usage of containers within a pod.' },
    { name: 'sum', type: 'boolean', description: 'Print the sum of the resource usage' },
  ],
  async run({ args }: Invocation, ctx) {
    check(ctx)
    const base = await metricsPath(ctx)
    const all = ctx.flags.boolean('all-namespaces')
    const { namespace } = ctx.namespace()
    const metrics = await listOf(ctx, all ? `${base}/pods` : `${base}/namespaces/${namespace}/pods`, args[0])
    if (metrics.length === 0) {
      ctx.err(all ? 'No resources found\n' : `No resources found in ${namespace} namespace.\n`)
      return 0
    }
    const containers = ctx.flags.boolean('containers')
    const rows = metrics.flatMap((m) => rowsOfPod(m, containers))
    const lines = sortRows(rows, ctx.flags.string('sort-by') ?? '').map((row) => [
      ...(all ? [row.namespace] : []),
      row.name,
      ...(containers ? [row.container] : []),
      ...shown(row.total),
    ])
    const headers = [
      ...(all ? ['NAMESPACE'] : []),
      ...(containers ? ['POD', 'NAME'] : ['NAME']),
      'CPU(cores)',
      'MEMORY(bytes)',
    ]
    ctx.out(alignRows([...(ctx.flags.boolean('no-headers') ? [] : [headers]), ...lines]))
    return 0
  },
}

function rowsOfPod(metrics: KubeObject, byContainer: boolean) {
  const used = ((metrics.containers ?? []) as { name?: string; usage?: Usage }[]).map((c) => ({
    container: c.name ?? '',
    total: totalOf(c.usage ?? {}),
  }))
  const who = { namespace: metrics.metadata?.namespace ?? '', name: metrics.metadata?.name ?? '' }
  if (byContainer) return used.map((u) => ({ ...who, ...u }))
  const total = used.reduce((sum, u) => ({ cpu: sum.cpu + u.total.cpu, memory: sum.memory + u.total.memory }), {
    cpu: 0,
    memory: 0,
  })
  return [{ ...who, container: '', total }]
}

export const top: KubectlCommand = {
  name: 'top',
  usage: '[flags] [options]',
  short: 'Display resource (CPU/memory) usage',
  long: 'Display resource (CPU/memory) usage.',
  flags: [],
  children: [node, pod],
}
