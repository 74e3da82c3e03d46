// kubectl auth reconcile: roles and bindings get the rules and subjects of a file, and keep their own.
// Model: k8s.io/component-helpers/auth/rbac/reconciliation.

import { isReason } from '../../machinery/errors.ts'
import type { KubectlCommand, KubectlContext } from '../command.ts'
import { pathOf } from '../discovery/mapper.ts'
import { KubectlError, throwCollected } from '../errors.ts'
import type { KubeObject } from '../object.ts'
import { namePrinter, printerOf, printFlags } from '../printers/print-flags.ts'
import { buildResources, type Info } from '../resources/builder.ts'
import { filenameFlags, filenameOptions } from '../resources/flags.ts'
import { hasFilenames } from '../resources/manifests.ts'
import { missingRules, type PolicyRule } from './auth-rules.ts'

const GROUP = 'rbac.authorization.k8s.io'
const PROTECTED = 'rbac.authorization.kubernetes.io/autoupdate'
const KINDS = new Set(['Role', 'ClusterRole', 'RoleBinding', 'ClusterRoleBinding'])
const CONFLICT_ATTEMPTS = 3

interface Subject {
  readonly kind?: string
  readonly apiGroup?: string
  readonly name?: string
  readonly namespace?: string
}

export const reconcile: KubectlCommand = {
  name: 'reconcile',
  usage: '-f FILENAME [options]',
  short: 'Reconciles rules for RBAC role, role binding, cluster role, and cluster role binding objects',
  flags: [
    ...printFlags(),
    ...filenameFlags('identifying the resource to reconcile.'),
    {
      name: 'dry-run',
      type: 'string',
      fallback: 'none',
      whenBare: 'unchanged',
      description: 'Must be "none", "server", or "client".',
    },
    {
      name: 'remove-extra-permissions',
      type: 'boolean',
      description: 'If true, removes extra permissions added to roles',
    },
    {
      name: 'remove-extra-subjects',
      type: 'boolean',
      description: 'If true, removes extra subjects added to rolebindings',
    },
  ],
  async run({ args }, ctx) {
    const files = filenameOptions(ctx.flags)
    if (!hasFilenames(files)) throw new KubectlError('must specify one of -f and -k')
    if (args.length > 0) throw new KubectlError('no arguments are allowed')
    const dryRun = dryRunOf(ctx)
    const operation = `reconciled${dryRun ? ' (dry run)' : ''}`
    const print = (await printerOf(ctx, { operation })) ?? namePrinter('', operation)
    const { namespace, explicit } = ctx.namespace()
    const result = await buildResources(ctx, { files, namespace, enforceNamespace: explicit, fetchFiles: false })
    for (const info of result.infos) {
      if (info.mapping.group !== GROUP || !KINDS.has(info.mapping.kind)) continue
      if (info.mapping.version !== 'v1')
        throw new KubectlError(`only ${GROUP}/v1 is supported: not ${info.object.apiVersion}`)
      const done = await reconcileOne(ctx, info, dryRun)
      if (print) ctx.out(print(done.object))
      report(ctx, done)
    }
    throwCollected(result.errors)
    return 0
  },
}

function dryRunOf({ flags }: KubectlContext): boolean {
  switch (flags.string('dry-run')) {
    case 'none':
      return false
    case 'client':
    case 'unchanged':
      return true
    case 'server':
      throw new KubectlError('--dry-run=server for command reconcile is not supported yet')
    default:
      throw new KubectlError(
        `error accessing --dry-run flag for command reconcile: Invalid dry-run value (${flags.string('dry-run')}). Must be "none", "server", or "client".`,
      )
  }
}

interface Reconciled {
  readonly object: KubeObject
  readonly operation: 'none' | 'create' | 'update' | 'recreate'
  readonly isProtected: boolean
  readonly missing: readonly (PolicyRule | Subject)[]
  readonly extra: readonly (PolicyRule | Subject)[]
  readonly what: 'rules' | 'subjects'
}

async function reconcileOne(ctx: KubectlContext, info: Info, dryRun: boolean): Promise<Reconciled> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await reconcileOnce(ctx, info, dryRun)
    } catch (error) {
      if (attempt === CONFLICT_ATTEMPTS || !isReason(error, 'Conflict')) throw error
    }
  }
}

async function reconcileOnce(ctx: KubectlContext, info: Info, dryRun: boolean): Promise<Reconciled> {
  const client = await ctx.client()
  const { mapping, namespace, name, object } = info
  const path = pathOf(mapping, namespace, name)
  const field = mapping.kind.endsWith('Binding') ? 'subjects' : 'rules'
  const existing = await client.json({ path }).catch((error: unknown) => {
    if (isReason(error, 'NotFound')) return undefined
    throw error
  })
  const send = (method: string, target: string, body: KubeObject) =>
    client.json({ method, path: target, body: JSON.stringify(body) }) as Promise<KubeObject>
  const wanted = (object[field] ?? []) as (PolicyRule & Subject)[]
  if (existing === undefined) {
    if (!dryRun && namespace !== '') await ensureNamespace(ctx, namespace)
    const created = dryRun ? object : await send('POST', pathOf(mapping, namespace), object)
    return { object: created, operation: 'create', isProtected: false, missing: wanted, extra: [], what: field }
  }
  const current = existing as KubeObject
  const isProtected = current.metadata?.annotations?.[PROTECTED] === 'false'
  const confirm = !dryRun && !isProtected
  if (
    field === 'subjects' &&
    JSON.stringify(current.roleRef) !==
      JSON.stringify({ ...(current.roleRef as object), ...(object.roleRef as object) })
  ) {
    if (confirm) await client.send({ method: 'DELETE', path })
    const made = confirm ? await send('POST', pathOf(mapping, namespace), object) : object
    return { object: made, operation: 'recreate', isProtected, missing: wanted, extra: [], what: field }
  }
  const given = (current[field] ?? []) as (PolicyRule & Subject)[]
  const { missing, extra } = field === 'rules' ? compareRules(wanted, given) : compareSubjects(wanted, given)
  const remove = ctx.flags.boolean(field === 'rules' ? 'remove-extra-permissions' : 'remove-extra-subjects')
  const removed = remove ? extra : []
  const list = removed.length > 0 ? wanted : [...given, ...missing]
  const metadata = withLabels(current, object)
  const changed = missing.length > 0 || removed.length > 0 || metadata !== current.metadata
  const next: KubeObject = { ...current, metadata: metadata ?? {}, [field]: list }
  const saved = changed && confirm ? await send('PUT', path, next) : next
  return { object: saved, operation: changed ? 'update' : 'none', isProtected, missing, extra: removed, what: field }
}

function compareRules(wanted: readonly PolicyRule[], given: readonly PolicyRule[]) {
  return { missing: missingRules(wanted, given), extra: missingRules(given, wanted) }
}

function compareSubjects(wanted: readonly Subject[], given: readonly Subject[]) {
  const key = (s: Subject) =>
    JSON.stringify([s.kind, s.apiGroup ?? (s.kind === 'ServiceAccount' ? '' : GROUP), s.name, s.namespace ?? ''])
  const without = (list: readonly Subject[], other: readonly Subject[]) =>
    list.filter((s) => !other.some((o) => key(o) === key(s)))
  return { missing: without(wanted, given), extra: without(given, wanted) }
}

/** The metadata with the labels and annotations of the file; the very same when it has them all. */
function withLabels(current: KubeObject, wanted: KubeObject): KubeObject['metadata'] {
  const lacks = (key: 'labels' | 'annotations') =>
    Object.entries(wanted.metadata?.[key] ?? {}).some(([k, v]) => current.metadata?.[key]?.[k] !== v)
  if (!lacks('labels') && !lacks('annotations')) return current.metadata
  return {
    ...current.metadata,
    labels: { ...current.metadata?.labels, ...wanted.metadata?.labels },
    annotations: { ...current.metadata?.annotations, ...wanted.metadata?.annotations },
  }
}

async function ensureNamespace(ctx: KubectlContext, name: string): Promise<void> {
  const client = await ctx.client()
  const body = JSON.stringify({ apiVersion: 'v1', kind: 'Namespace', metadata: { name } })
  try {
    await client.send({ method: 'POST', path: '/api/v1/namespaces', body })
  } catch (error) {
    // Being there already is what is wanted; being forbidden shows when the role is created.
    if (!isReason(error, 'AlreadyExists') && !isReason(error, 'Forbidden')) throw error
  }
}

function report(ctx: KubectlContext, { operation, isProtected, missing, extra, what }: Reconciled): void {
  if (operation === 'none') return
  const caveat = isProtected ? `, but object opted out (${PROTECTED}: false)` : ''
  ctx.err(`\treconciliation required ${operation}${caveat}\n`)
  const show = what === 'rules' ? (item: object) => ruleText(item as PolicyRule) : (item: object) => subjectText(item)
  if (missing.length > 0) ctx.err(`\tmissing ${what} added:\n${missing.map((m) => `\t\t${show(m)}\n`).join('')}`)
  if (extra.length > 0) ctx.err(`\textra ${what} removed:\n${extra.map((m) => `\t\t${show(m)}\n`).join('')}`)
}

function ruleText(rule: PolicyRule): string {
  const list = (values: readonly string[] | undefined) => `[${(values ?? []).join(' ')}]`
  return `{Verbs:${list(rule.verbs)} APIGroups:${list(rule.apiGroups)} Resources:${list(rule.resources)} ResourceNames:${list(rule.resourceNames)} NonResourceURLs:${list(rule.nonResourceURLs)}}`
}

function subjectText({ kind = '', apiGroup = '', name = '', namespace = '' }: Subject): string {
  return `{Kind:${kind} APIGroup:${apiGroup} Name:${name} Namespace:${namespace}}`
}
