// kubectl auth: what the user may do, and who the user is.
// Model: k8s.io/kubectl/pkg/cmd/auth.

import { isReason } from '../../machinery/errors.ts'
import type { Invocation, KubectlCommand, KubectlContext } from '../command.ts'
import type { Mapping } from '../discovery/mapper.ts'
import { KubectlError } from '../errors.ts'
import type { KubeObject } from '../object.ts'
import { toJson } from '../printers/json.ts'
import { printerOf, printFlags } from '../printers/print-flags.ts'
import { alignRows } from '../printers/tab-writer.ts'
import { reconcile } from './auth-reconcile.ts'
import { compactRules, type PolicyRule, resourceWithGroup } from './auth-rules.ts'

const RESOURCE_VERBS = new Set(
  'get list watch create update patch delete deletecollection use bind impersonate * approve sign escalate attest'.split(
    ' ',
  ),
)
const URL_VERBS = new Set('get put post head options delete patch *'.split(' '))
const UNDISCOVERABLE = new Set(['users', 'groups'])

const canI: KubectlCommand = {
  name: 'can-i',
  usage: 'VERB [TYPE | TYPE/NAME | NONRESOURCEURL] [options]',
  short: 'Check whether an action is allowed',
  examples: `# Check to see if I can create pods in any namespace
kubectl auth can-i create pods --all-namespaces

# List all allowed actions in namespace "foo"
kubectl auth can-i --list --namespace=foo`,
  flags: [
    {
      name: 'all-namespaces',
      short: 'A',
      type: 'boolean',
      description: 'If true, check the specified action in all namespaces.',
    },
    { name: 'list', type: 'boolean', description: 'If true, prints all allowed actions.' },
    { name: 'no-headers', type: 'boolean', description: 'If true, prints allowed actions without headers' },
    {
      name: 'quiet',
      short: 'q',
      type: 'boolean',
      description: 'If true, suppress output and just return the exit code.',
    },
    { name: 'subresource', type: 'string', description: 'SubResource such as pod/log or deployment/scale' },
  ],
  run: (invocation, ctx) => (ctx.flags.boolean('list') ? listAllowed(invocation, ctx) : checkOne(invocation, ctx)),
}

async function checkOne({ args }: Invocation, ctx: KubectlContext): Promise<number> {
  const { flags } = ctx
  const [verb, target] = args
  if (verb === undefined || target === undefined || args.length !== 2) {
    throw new KubectlError(
      `you must specify two arguments: verb resource or verb resource/resourceName.\nSee 'kubectl auth can-i -h' for help and examples.`,
    )
  }
  const isUrl = target.startsWith('/')
  const subresource = flags.string('subresource') ?? ''
  if (isUrl && subresource !== '') throw new KubectlError('--subresource can not be used with NonResourceURL')
  if (flags.boolean('no-headers')) {
    throw new KubectlError('--no-headers cannot be set without --list specified')
  }
  const spec = isUrl ? urlSpec(verb, target, ctx) : await resourceSpec({ verb, target, subresource }, ctx)
  const status = await review<{ allowed?: boolean; reason?: string; evaluationError?: string }>(
    ctx,
    'SelfSubjectAccessReview',
    spec,
  )
  const reasons = [status.reason, status.evaluationError].filter((r) => r).map((r) => ` - ${r}`)
  if (!flags.boolean('quiet')) ctx.out(status.allowed ? 'yes\n' : `no${reasons.join('')}\n`)
  return status.allowed ? 0 : 1
}

function urlSpec(verb: string, path: string, ctx: KubectlContext): object {
  if (!URL_VERBS.has(verb)) ctx.warn(`verb '${verb}' is not a known verb\n`)
  return { nonResourceAttributes: { verb, path } }
}

async function resourceSpec(
  { verb, target, subresource }: { verb: string; target: string; subresource: string },
  ctx: KubectlContext,
): Promise<object> {
  const [type = '', name = ''] = target.split(/\/(.*)/s)
  const mapping = await resourceOf(type, ctx)
  const everywhere = ctx.flags.boolean('all-namespaces')
  if (!everywhere) {
    if (mapping && !mapping.namespaced) {
      const group = mapping.group === '' ? '' : ` in group '${mapping.group}'`
      ctx.warn(`resource '${mapping.name}' is not namespace scoped${group}\n`)
    }
    if (!RESOURCE_VERBS.has(verb)) ctx.warn(`verb '${verb}' is not a known verb\n`)
  }
  const resourceAttributes = {
    verb,
    resource: mapping?.name ?? type,
    ...(mapping?.group ? { group: mapping.group } : {}),
    ...(everywhere ? {} : { namespace: ctx.namespace().namespace }),
    ...(subresource === '' ? {} : { subresource }),
    ...(name === '' ? {} : { name }),
  }
  return { resourceAttributes }
}

async function resourceOf(type: string, ctx: KubectlContext): Promise<Mapping | undefined> {
  if (type === '*') return undefined
  try {
    return await (await ctx.mapper()).mappingFor(type.toLowerCase())
  } catch (error) {
    if (!(error instanceof KubectlError)) throw error
    const [resource = '', ...group] = type.split('.')
    if (!UNDISCOVERABLE.has(type)) {
      const inGroup = group.length > 0 ? ` in group '${group.join('.')}'` : ''
      ctx.warn(`the server doesn't have a resource type '${resource}'${inGroup}\n`)
    }
    return undefined
  }
}

async function review<T>(ctx: KubectlContext, kind: string, spec: object): Promise<T> {
  const client = await ctx.client()
  const created = (await client.json({
    method: 'POST',
    path: `/apis/authorization.k8s.io/v1/${kind.toLowerCase()}s`,
    body: JSON.stringify({ apiVersion: 'authorization.k8s.io/v1', kind, metadata: {}, spec }),
  })) as { status?: T }
  return created.status ?? ({} as T)
}

interface RulesStatus {
  readonly incomplete?: boolean
  readonly evaluationError?: string
  readonly resourceRules?: readonly PolicyRule[]
  readonly nonResourceRules?: readonly PolicyRule[]
}

async function listAllowed({ args }: Invocation, ctx: KubectlContext): Promise<number> {
  const { flags } = ctx
  if (args.length > 0) throw new KubectlError('list option must be specified with no arguments')
  if (flags.boolean('quiet') || flags.boolean('all-namespaces') || flags.string('subresource')) {
    throw new KubectlError("list option can't be specified with neither quiet, all-namespaces nor subresource options")
  }
  const spec = { namespace: ctx.namespace().namespace }
  const status = await review<RulesStatus>(ctx, 'SelfSubjectRulesReview', spec)
  if (status.incomplete) ctx.warn(`the list may be incomplete: ${status.evaluationError ?? ''}`)
  const rules = compactRules([...(status.resourceRules ?? []), ...(status.nonResourceRules ?? [])])
  const list = (values: readonly string[] | undefined) => `[${(values ?? []).join(' ')}]`
  const rows = rules.map((rule) => [
    resourceWithGroup(rule),
    list(rule.nonResourceURLs),
    list(rule.resourceNames),
    list(rule.verbs),
  ])
  const headers = [['Resources', 'Non-Resource URLs', 'Resource Names', 'Verbs']]
  ctx.out(alignRows([...(flags.boolean('no-headers') ? [] : headers), ...rows]))
  return 0
}

interface UserInfo {
  readonly username?: string
  readonly uid?: string
  readonly groups?: readonly string[]
  readonly extra?: Readonly<Record<string, readonly string[]>>
}

const whoami: KubectlCommand = {
  name: 'whoami',
  usage: '[options]',
  short: 'Experimental: Check self subject attributes',
  flags: printFlags(),
  async run(_invocation, ctx) {
    const printer = await printerOf(ctx)
    const answer = await selfReview(ctx)
    if (printer) {
      ctx.out(ctx.flags.string('output') === 'json' ? toJson(inOrder(answer), { keepOrder: true }) : printer(answer))
      return 0
    }
    const { username, uid, groups = [], extra = {} } = (answer.status as { userInfo?: UserInfo })?.userInfo ?? {}
    const rows = [
      ['ATTRIBUTE', 'VALUE'],
      ...(username ? [['Username', username]] : []),
      ...(uid ? [['UID', uid]] : []),
      ...(groups.length > 0 ? [['Groups', `[${groups.join(' ')}]`]] : []),
      ...Object.keys(extra)
        .sort()
        .map((key) => [`Extra: ${key}`, `[${(extra[key] ?? []).join(' ')}]`]),
    ]
    ctx.out(alignRows(rows))
    return 0
  },
}

/** The fields in the order of the Go type. */
function inOrder({ kind, apiVersion, metadata, status }: KubeObject): object {
  const { username, uid, groups, extra } = (status as { userInfo?: UserInfo })?.userInfo ?? {}
  return { kind, apiVersion, metadata, status: { userInfo: { username, uid, groups, extra } } }
}

async function selfReview(ctx: KubectlContext): Promise<KubeObject> {
  const apiVersion = 'authentication.k8s.io/v1'
  try {
    const client = await ctx.client()
    const answer = (await client.json({
      method: 'POST',
      path: `/apis/${apiVersion}/selfsubjectreviews`,
      body: JSON.stringify({ apiVersion, kind: 'SelfSubjectReview', metadata: {}, status: {} }),
    })) as KubeObject
    const { creationTimestamp, ...metadata } = answer.metadata ?? {}
    return { ...answer, metadata: creationTimestamp ? { ...metadata, creationTimestamp } : metadata }
  } catch (error) {
    if (isReason(error, 'NotFound')) {
      throw new KubectlError('the selfsubjectreviews API is not enabled in the cluster', { cause: error })
    }
    if (isReason(error, 'Forbidden')) {
      throw new KubectlError(
        'the selfsubjectreviews API is not enabled in the cluster or you do not have permission to call it',
        { cause: error },
      )
    }
    throw error
  }
}

export const auth: KubectlCommand = {
  name: 'auth',
  usage: '[flags] [options]',
  short: 'Inspect authorization',
  long: 'Inspect authorization.',
  flags: [],
  children: [canI, reconcile, whoami],
}
