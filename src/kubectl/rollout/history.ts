// The revisions of a workload: replica sets of deployments, controller revisions of the others.
// Model: k8s.io/kubectl/pkg/polymorphichelpers/{history,rollback}.go.

import { formatSelector, selectorOf } from '../../machinery/labels.ts'
import { sameJson } from '../../machinery/same-json.ts'
import { patchedLocally } from '../apply/apply-one.ts'
import { LAST_APPLIED } from '../apply/last-applied.ts'
import type { KubectlContext } from '../command.ts'
import { printPodTemplate } from '../describe/pod-template.ts'
import type { PrefixWriter } from '../describe/writer.ts'
import { KubectlError, plainMessage } from '../errors.ts'
import { isObject, type KubeObject } from '../object.ts'
import { flattenList } from '../printers/lists.ts'
import { createTabWriter } from '../printers/tab-writer.ts'
import type { Info } from '../resources/builder.ts'
import type { DryRun } from '../write/flags.ts'
import { getObject, patchObject } from '../write/objects.ts'

type Json = Record<string, unknown>

const REVISION = 'deployment.kubernetes.io/revision'
const CHANGE_CAUSE = 'kubernetes.io/change-cause'
const HASH_LABEL = 'pod-template-hash'

export interface Revision {
  readonly number: number
  /** The replica set, or the workload as it was. */
  readonly object: KubeObject
  readonly changeCause: string
  /** How a controller revision keeps it. */
  readonly data?: Json
}

/** All revisions, the oldest first. Throws KubectlError for kinds that have none. */
export async function revisionsOf(ctx: KubectlContext, info: Info): Promise<Revision[]> {
  switch (info.mapping.kind) {
    case 'Deployment':
      return replicaSetRevisions(ctx, info)
    case 'DaemonSet':
    case 'StatefulSet':
      return controllerRevisions(ctx, info)
    default:
      throw new KubectlError(
        `error retrieving history for ${JSON.stringify(info.mapping.kind)}, no visitor method exists for {${info.mapping.group} ${info.mapping.kind}}`,
      )
  }
}

async function owned(ctx: KubectlContext, info: Info, resource: string): Promise<KubeObject[]> {
  const client = await ctx.client()
  const spec = isObject(info.object.spec) ? info.object.spec : {}
  const labelSelector = formatSelector(selectorOf(spec.selector as never) ?? [])
  const path = `/apis/apps/v1/namespaces/${encodeURIComponent(info.namespace)}/${resource}`
  const list = (await client.json({ path, query: { labelSelector }, signal: ctx.signal })) as KubeObject
  const uid = info.object.metadata?.uid
  return flattenList(list).filter((object) => {
    const owners = object.metadata?.ownerReferences
    return Array.isArray(owners) && owners.some((owner) => owner.uid === uid && owner.controller === true)
  })
}

async function replicaSetRevisions(ctx: KubectlContext, info: Info): Promise<Revision[]> {
  const sets = await owned(ctx, info, 'replicasets')
  return sets
    .map((object) => ({
      number: Number(object.metadata?.annotations?.[REVISION] ?? 0),
      object,
      changeCause: object.metadata?.annotations?.[CHANGE_CAUSE] ?? '',
    }))
    .sort((a, b) => a.number - b.number)
}

async function controllerRevisions(ctx: KubectlContext, info: Info): Promise<Revision[]> {
  const revisions: Revision[] = []
  for (const kept of await owned(ctx, info, 'controllerrevisions')) {
    const data = isObject(kept.data) ? kept.data : {}
    revisions.push({
      number: Number(kept.revision ?? 0),
      object: await patchedLocally(info, 'strategic', info.object, data),
      changeCause: kept.metadata?.annotations?.[CHANGE_CAUSE] ?? '',
      data,
    })
  }
  return revisions.sort((a, b) => a.number - b.number)
}

/** What `rollout history` says of all revisions, or of one. Throws KubectlError. */
export function historyText(revisions: readonly Revision[], number: number): string {
  if (revisions.length === 0) return 'No rollout history found.'
  if (number > 0) {
    const revision = revisions.find((r) => r.number === number)
    if (!revision) throw new KubectlError('unable to find the specified revision')
    return templateText(revision)
  }
  const writer = createTabWriter({ minWidth: 0, padding: 2, remember: false })
  writer.write('REVISION\tCHANGE-CAUSE\n')
  for (const { number: n, changeCause } of revisions) writer.write(`${n}\t${changeCause || '<none>'}\n`)
  return writer.flush()
}

function templateText({ object, changeCause }: Revision): string {
  const spec = isObject(object.spec) ? object.spec : {}
  const template = isObject(spec.template) ? spec.template : {}
  const metadata = isObject(template.metadata) ? template.metadata : {}
  const annotations = isObject(metadata.annotations) ? metadata.annotations : {}
  const shown =
    changeCause !== '' && object.kind === 'ReplicaSet'
      ? { ...template, metadata: { ...metadata, annotations: { ...annotations, [CHANGE_CAUSE]: changeCause } } }
      : template
  const parts: string[] = []
  printPodTemplate(unaligned(parts, 0), shown as never)
  return parts.join('')
}

/** Upstream leaves the tabs of this description as they are. */
function unaligned(parts: string[], indent: number): PrefixWriter {
  const write = (level: number, text: string) => void parts.push('  '.repeat(level + indent) + text)
  return {
    write,
    line: (level, text) => write(level, `${text}\n`),
    rest: (text) => write(0, `${text}\n`),
    flush: () => {},
    nested: (more) => unaligned(parts, indent + more),
  }
}

/** Goes back to a revision, 0 being the last one; gives what is to be said. Throws KubectlError. */
export async function rollBack(
  ctx: KubectlContext,
  info: Info,
  { toRevision, dryRun }: { readonly toRevision: number; readonly dryRun: DryRun },
): Promise<string> {
  const notFound = new KubectlError(`unable to find specified revision ${toRevision} in history`)
  if (toRevision < 0) throw notFound
  const live = { ...info, object: await getObject(ctx, info) }
  const revisions = await revisionsOf(ctx, live)
  const isDeployment = info.mapping.kind === 'Deployment'
  const revision = toRevision === 0 ? revisions.at(-2) : revisions.find((r) => r.number === toRevision)
  if (!revision) {
    if (toRevision > 0) throw notFound
    throw new KubectlError(
      isDeployment
        ? `no rollout history found for deployment ${JSON.stringify(info.name)}`
        : 'no last revision to roll back to',
    )
  }
  if (dryRun === 'client') return templateText(revision)
  const spec = isObject(live.object.spec) ? live.object.spec : {}
  if (isDeployment && spec.paused === true) {
    throw new KubectlError(
      "you cannot rollback a paused deployment; resume it first with 'kubectl rollout resume' and try again",
    )
  }
  if (sameJson(withoutHash(templateOf(revision.object)), withoutHash(templateOf(live.object)))) {
    return `skipped rollback (current template already matches revision ${toRevision})`
  }
  const patch = isDeployment
    ? ({ type: 'json', body: deploymentPatch(revision, live.object) } as const)
    : ({ type: 'strategic', body: revision.data } as const)
  try {
    await patchObject(ctx, info, patch, { dryRun })
  } catch (error) {
    throw new KubectlError(`failed restoring revision ${toRevision}: ${plainMessage(error)}`, { cause: error })
  }
  return 'rolled back'
}

function templateOf(object: KubeObject): Json {
  const spec = isObject(object.spec) ? object.spec : {}
  return isObject(spec.template) ? spec.template : {}
}

function withoutHash(template: Json): Json {
  const metadata = isObject(template.metadata) ? template.metadata : {}
  const labels = isObject(metadata.labels) ? metadata.labels : {}
  const { [HASH_LABEL]: _, ...rest } = labels
  return { ...template, metadata: { ...metadata, labels: rest } }
}

/** Annotations of a deployment that belong to it and not to its revisions. */
const OWN_ANNOTATIONS = new Set([
  LAST_APPLIED,
  REVISION,
  'deployment.kubernetes.io/revision-history',
  'deployment.kubernetes.io/desired-replicas',
  'deployment.kubernetes.io/max-replicas',
  'deprecated.deployment.rollback.to',
])

function deploymentPatch({ object }: Revision, live: KubeObject): object[] {
  const keep = Object.entries(live.metadata?.annotations ?? {}).filter(([key]) => OWN_ANNOTATIONS.has(key))
  const back = Object.entries(object.metadata?.annotations ?? {}).filter(([key]) => !OWN_ANNOTATIONS.has(key))
  return [
    { op: 'replace', path: '/spec/template', value: withoutHash(templateOf(object)) },
    { op: 'replace', path: '/metadata/annotations', value: Object.fromEntries([...keep, ...back]) },
  ]
}
