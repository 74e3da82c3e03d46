// What kubectl label and kubectl annotate have in common: they set and remove entries of a map in the metadata.

import { mergeDiff } from '../apply/merge-diff.ts'
import type { Invocation, KubectlContext } from '../command.ts'
import { KubectlError } from '../errors.ts'
import type { Flag } from '../flags.ts'
import { groupOf, type KubeObject } from '../object.ts'
import { printFlags } from '../printers/print-flags.ts'
import { buildResources, type Info, type ResourceResult } from '../resources/builder.ts'
import {
  allNamespacesFlag,
  fieldSelectorFlag,
  filenameFlags,
  filenameOptions,
  selectorFlag,
} from '../resources/flags.ts'
import { hasFilenames } from '../resources/manifests.ts'
import {
  allFlag,
  type DryRun,
  dryRunFlag,
  dryRunOf,
  fieldManagerFlag,
  localFlag,
  recordFlag,
  resultPrinter,
} from '../write/flags.ts'
import { localResources } from '../write/local.ts'
import { eachInfo, patchObject, singleInfos } from '../write/objects.ts'
import { splitPairs } from '../write/pairs.ts'

/** What differs between labels and annotations. */
export interface MetadataMap {
  readonly field: 'labels' | 'annotations'
  /** `label`, `annotation`: in messages. */
  readonly what: string
  /** The file that messages take for an example. */
  readonly example: readonly [yaml: string, json: string]
  parse(words: readonly string[]): Changes
  /** Throws KubectlError when something would be overwritten. */
  refuseOverwriting(current: Readonly<Record<string, string>>, changes: Changes): void
  /** `labeled`, `annotated`. */
  operation(changed: Changed): string
  /** Says that what is to be removed is not there. */
  sayMissing(key: string): string | undefined
}

export interface Changes {
  readonly set: Readonly<Record<string, string>>
  readonly remove: readonly string[]
}

export interface Changed {
  readonly added: readonly string[]
  readonly removed: readonly string[]
}

export function metadataFlags(command: string, plural: string): readonly Flag[] {
  return [
    ...printFlags(),
    ...filenameFlags(`identifying the resource to update the ${plural}`),
    selectorFlag,
    fieldSelectorFlag,
    allNamespacesFlag,
    allFlag,
    dryRunFlag,
    recordFlag,
    localFlag(command),
    fieldManagerFlag(`kubectl-${command}`),
    {
      name: 'overwrite',
      type: 'boolean',
      description: `If true, allow ${plural} to be overwritten, otherwise reject updates that overwrite existing ${plural}.`,
    },
    { name: 'list', type: 'boolean', description: `If true, display the ${plural} for a given resource.` },
    {
      name: 'resource-version',
      type: 'string',
      description: `If non-empty, the ${plural} update will only succeed if this is the current resource-version for the object. Only valid when specifying a single resource.`,
    },
  ]
}

/** Runs `label` or `annotate`. */
export async function changeMetadata({ args }: Invocation, ctx: KubectlContext, map: MetadataMap): Promise<number> {
  const { flags } = ctx
  const dryRun = dryRunOf(ctx)
  const { resources, pairs } = splitPairs(args, map.what)
  const changes = map.parse(pairs)
  check(ctx, { map, resources, changes, dryRun })
  const local = flags.boolean('local')
  const result = await find(ctx, resources)
  const version = flags.string('resource-version') ?? ''
  if (version !== '' && !result.singleItemImplied) {
    throw new KubectlError('--resource-version may only be used with a single resource')
  }
  const stay = dryRun === 'client' || local || flags.boolean('list')
  await eachInfo(result, async (info) => {
    const before = version === '' ? info.object : withVersion(info.object, undefined)
    if (!stay) sayMissing(ctx, before, { map, changes })
    if (!flags.boolean('overwrite')) map.refuseOverwriting(before.metadata?.[map.field] ?? {}, changes)
    const { object, changed } = applyChanges(before, map.field, changes)
    const after = version === '' ? object : withVersion(object, version)
    const nothing = changed.added.length + changed.removed.length === 0
    const written =
      stay || (nothing && map.field === 'labels')
        ? after
        : await patchObject(
            ctx,
            info,
            { type: 'merge', body: mergeDiff(before, after) },
            { dryRun, fieldManager: flags.string('field-manager') },
          )
    if (flags.boolean('list')) return list(ctx, info, { map, single: result.singleItemImplied })
    ctx.out((await resultPrinter(ctx, map.operation(changed), dryRun))(written))
  })
  return 0
}

function withVersion(object: KubeObject, version: string | undefined): KubeObject {
  const { resourceVersion: _, ...metadata } = object.metadata ?? {}
  return { ...object, metadata: version === undefined ? metadata : { ...metadata, resourceVersion: version } }
}

interface Checked {
  readonly map: MetadataMap
  readonly resources: readonly string[]
  readonly changes: Changes
  readonly dryRun: DryRun
}

function check({ flags }: KubectlContext, { map, resources, changes, dryRun }: Checked): void {
  if (flags.boolean('list') && flags.string('output')) {
    throw new KubectlError('--list and --output may not be specified together')
  }
  if (flags.boolean('all') && flags.string('selector')) {
    throw new KubectlError('cannot set --all and --selector at the same time')
  }
  if (flags.boolean('all') && flags.string('field-selector')) {
    throw new KubectlError('cannot set --all and --field-selector at the same time')
  }
  const files = hasFilenames(filenameOptions(flags))
  const [yaml, json] = map.example
  if (flags.boolean('local')) {
    if (dryRun === 'server') {
      throw new KubectlError('cannot specify --local and --dry-run=server - did you mean --dry-run=client?')
    }
    if (resources.length > 0) {
      throw new KubectlError(`can only use local files by -f ${yaml} or --filename=${json} when --local=true is set`)
    }
    if (!files) throw new KubectlError(`one or more files must be specified as -f ${yaml} or --filename=${json}`)
  } else if (resources.length === 0 && !files) {
    throw new KubectlError('one or more resources must be specified as <resource> <name> or <resource>/<name>')
  }
  if (Object.keys(changes.set).length + changes.remove.length === 0 && !flags.boolean('list')) {
    throw new KubectlError(`at least one ${map.what} update is required`)
  }
}

async function find(ctx: KubectlContext, args: readonly string[]): Promise<ResourceResult> {
  const { flags } = ctx
  const files = filenameOptions(flags)
  if (flags.boolean('local')) return localResources(ctx, files)
  const { namespace, explicit } = ctx.namespace()
  const result = await buildResources(ctx, {
    args,
    files,
    namespace,
    enforceNamespace: explicit,
    allNamespaces: flags.boolean('all-namespaces'),
    selector: flags.string('selector') ?? '',
    fieldSelector: flags.string('field-selector') ?? '',
    all: flags.boolean('all'),
  })
  return { ...result, infos: singleInfos(result.infos) }
}

function sayMissing(ctx: KubectlContext, object: KubeObject, { map, changes }: { map: MetadataMap; changes: Changes }) {
  for (const key of changes.remove) {
    const text = key in (object.metadata?.[map.field] ?? {}) ? undefined : map.sayMissing(key)
    if (text !== undefined) ctx.out(text)
  }
}

/** The object after the changes, and which of them changed anything. */
function applyChanges(
  object: KubeObject,
  field: MetadataMap['field'],
  { set, remove }: Changes,
): { readonly object: KubeObject; readonly changed: Changed } {
  const current = object.metadata?.[field] ?? {}
  const added = Object.keys(set).filter((key) => current[key] !== set[key])
  const removed = remove.filter((key) => key in current)
  const next = Object.fromEntries(Object.entries({ ...current, ...set }).filter(([key]) => !removed.includes(key)))
  return { object: { ...object, metadata: { ...object.metadata, [field]: next } }, changed: { added, removed } }
}

function list(ctx: KubectlContext, info: Info, { map, single }: { map: MetadataMap; single: boolean }): void {
  const { object, name } = info
  if (!single) {
    const plural = map.field
    ctx.out(`Listing ${plural} for ${object.kind}.${groupOf(object.apiVersion)}/${name}:\n`)
  }
  for (const [key, value] of Object.entries(object.metadata?.[map.field] ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))) {
    ctx.out(`${single ? '' : ' '}${key}=${value}\n`)
  }
}
