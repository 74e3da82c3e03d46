// kubectl get --classic: pods, services and replication controllers with the columns of the first releases.

import type { Invocation, KubectlContext } from '../command.ts'
import { KubectlError, throwCollected } from '../errors.ts'
import type { KubeObject } from '../object.ts'
import { flattenList } from '../printers/lists.ts'
import { createTabWriter } from '../printers/tab-writer.ts'
import { formatLabels } from '../printers/table.ts'
import { buildResources } from '../resources/builder.ts'
import { requestOf } from './get-common.ts'

interface Container {
  readonly name?: string
  readonly image?: string
}

interface Spec {
  readonly containers?: readonly Container[]
  readonly template?: { readonly spec?: Spec }
  readonly selector?: Readonly<Record<string, string>>
  readonly replicas?: number
  readonly nodeName?: string
  readonly clusterIP?: string
  readonly externalIPs?: readonly string[]
  readonly ports?: readonly { readonly port?: number; readonly protocol?: string }[]
}

interface ClassicKind {
  readonly headers: readonly string[]
  /** The first line of an object and the lines of its further containers, addresses or ports. */
  rows(object: KubeObject): readonly (readonly string[])[]
}

const specOf = (object: KubeObject) => (object.spec ?? {}) as Spec
const statusOf = (object: KubeObject) => (object.status ?? {}) as { podIP?: string; phase?: string; hostIP?: string }
const nameOf = (object: KubeObject) => object.metadata?.name ?? ''

/** Rows where each of `lists` goes down its own column. */
function stacked(lists: readonly (readonly string[])[]): string[][] {
  const height = Math.max(1, ...lists.map((list) => list.length))
  return Array.from({ length: height }, (_, row) => lists.map((list) => list[row] ?? ''))
}

const KINDS: Readonly<Record<string, ClassicKind>> = {
  ReplicationController: {
    headers: ['CONTROLLER', 'CONTAINER(S)', 'IMAGE(S)', 'SELECTOR', 'REPLICAS'],
    rows(object) {
      const { template, selector, replicas } = specOf(object)
      const containers = template?.spec?.containers ?? []
      return stacked([
        [nameOf(object)],
        containers.map((c) => c.name ?? ''),
        containers.map((c) => c.image ?? ''),
        [formatLabels(selector)],
        [String(replicas ?? 0)],
      ])
    },
  },
  Service: {
    headers: ['NAME', 'LABELS', 'SELECTOR', 'IP(S)', 'PORT(S)'],
    rows(object) {
      const { selector, clusterIP, externalIPs, ports } = specOf(object)
      return stacked([
        [nameOf(object)],
        [formatLabels(object.metadata?.labels)],
        [formatLabels(selector)],
        [clusterIP ?? '', ...(externalIPs ?? [])],
        (ports ?? []).map((p) => `${p.port}/${p.protocol ?? 'TCP'}`),
      ])
    },
  },
  Pod: {
    headers: ['POD', 'IP', 'CONTAINER(S)', 'IMAGE(S)', 'HOST', 'LABELS', 'STATUS'],
    rows(object) {
      const { containers = [], nodeName } = specOf(object)
      const { podIP, phase, hostIP } = statusOf(object)
      const host = nodeName ? `${nodeName}/${hostIP ?? ''}` : '<unassigned>'
      return stacked([
        [nameOf(object)],
        [podIP ?? ''],
        containers.map((c) => c.name ?? ''),
        containers.map((c) => c.image ?? ''),
        [host],
        [formatLabels(object.metadata?.labels)],
        [phase ?? ''],
      ])
    },
  },
}

/** Prints one table per kind. */
export async function getClassic(invocation: Invocation, ctx: KubectlContext): Promise<number> {
  const { accept: _, ...request } = requestOf(invocation, ctx)
  const result = await buildResources(ctx, request)
  const writer = createTabWriter({ minWidth: 10, padding: 3, remember: false })
  let last: string | undefined
  for (const object of result.infos.flatMap((info) => flattenList(info.object))) {
    const kind = KINDS[object.kind ?? '']
    if (!kind) throw new KubectlError(`cannot print kind ${JSON.stringify(object.kind ?? '')} with --classic`)
    if (object.kind !== last) {
      if (last !== undefined) ctx.out(`${writer.flush()}\n`)
      if (!ctx.flags.boolean('no-headers')) writer.write(`${kind.headers.join('\t')}\n`)
      last = object.kind
    }
    for (const row of kind.rows(object)) writer.write(`${row.join('\t')}\n`)
  }
  ctx.out(writer.flush())
  throwCollected(result.errors)
  return 0
}
