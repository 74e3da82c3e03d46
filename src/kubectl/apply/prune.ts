// `apply --prune`: deletes what was applied once and is in the configuration no more.
// Model: k8s.io/kubectl/pkg/cmd/apply/prune.go.

import type { KubectlContext } from '../command.ts'
import { type Mapping, pathOf } from '../discovery/mapper.ts'
import { KubectlError } from '../errors.ts'
import type { KubeObject } from '../object.ts'
import { flattenList } from '../printers/lists.ts'
import type { DryRun } from '../write/flags.ts'
import { deleteObject } from '../write/objects.ts'
import { lastAppliedOf } from './last-applied.ts'

const DEFAULT_KINDS = [
  'v1 ConfigMap',
  'v1 Endpoints',
  'v1 PersistentVolumeClaim',
  'v1 Pod',
  'v1 ReplicationController',
  'v1 Secret',
  'v1 Service',
  'batch/v1 Job',
  'batch/v1 CronJob',
  'networking.k8s.io/v1 Ingress',
  'apps/v1 DaemonSet',
  'apps/v1 Deployment',
  'apps/v1 ReplicaSet',
  'apps/v1 StatefulSet',
  'v1 Namespace',
  'v1 PersistentVolume',
]

export interface Pruning {
  readonly selector: string
  /** `group/version/kind` of `--prune-allowlist`; none means the usual kinds. */
  readonly allowlist: readonly string[]
  readonly namespaces: ReadonlySet<string>
  readonly appliedUids: ReadonlySet<string>
  readonly gracePeriod: number
  readonly propagationPolicy: string
  readonly dryRun: DryRun
}

/** Deletes and gives what was deleted to `say`. */
export async function prune(ctx: KubectlContext, pruning: Pruning, say: (object: KubeObject) => void): Promise<void> {
  const mappings = await mappingsOf(ctx, pruning.allowlist)
  const [named, rest] = [mappings.filter((m) => m.namespaced), mappings.filter((m) => !m.namespaced)]
  for (const namespace of pruning.namespaces) {
    for (const mapping of named) await pruneKind(ctx, { mapping, namespace, pruning, say })
  }
  for (const mapping of rest) await pruneKind(ctx, { mapping, namespace: '', pruning, say })
}

async function mappingsOf(ctx: KubectlContext, allowlist: readonly string[]): Promise<Mapping[]> {
  const mapper = await ctx.mapper()
  const kinds = allowlist.length === 0 ? DEFAULT_KINDS : allowlist.map(kindOfAllowlist)
  const mappings: Mapping[] = []
  for (const kind of kinds) {
    const [apiVersion = '', name = ''] = kind.split(' ')
    mappings.push(await mapper.mappingForKind(apiVersion, name))
  }
  return mappings
}

/** `core/v1/Pod` as `v1 Pod`. */
function kindOfAllowlist(text: string): string {
  const parts = text.split('/')
  if (parts.length !== 3) {
    throw new KubectlError(`invalid GroupVersionKind format: ${text}, please follow <group/version/kind>`)
  }
  const [group = '', version = '', kind = ''] = parts
  return group === 'core' || group === '' ? `${version} ${kind}` : `${group}/${version} ${kind}`
}

async function pruneKind(
  ctx: KubectlContext,
  {
    mapping,
    namespace,
    pruning,
    say,
  }: { mapping: Mapping; namespace: string; pruning: Pruning; say: (object: KubeObject) => void },
): Promise<void> {
  const client = await ctx.client()
  const query = pruning.selector === '' ? {} : { labelSelector: pruning.selector }
  const list = (await client.json({ path: pathOf(mapping, namespace), query, signal: ctx.signal })) as KubeObject
  for (const object of flattenList(list)) {
    if (lastAppliedOf(object) === undefined || pruning.appliedUids.has(object.metadata?.uid ?? '')) continue
    if (pruning.dryRun !== 'client') {
      await deleteObject(
        ctx,
        { mapping, namespace, name: object.metadata?.name ?? '' },
        {
          gracePeriodSeconds: pruning.gracePeriod < 0 ? undefined : pruning.gracePeriod,
          propagationPolicy: pruning.propagationPolicy,
          dryRun: pruning.dryRun,
        },
      )
    }
    say(object)
  }
}
