// kubectl set: image, env, resources, selector, serviceaccount, subject of objects.
// Model: k8s.io/kubectl/pkg/cmd/set.

import type { Invocation, KubectlCommand, KubectlContext } from '../command.ts'
import { KubectlError } from '../errors.ts'
import type { Flag } from '../flags.ts'
import { quantities } from '../generators/policies.ts'
import { isObject, type KubeObject } from '../object.ts'
import { printFlags } from '../printers/print-flags.ts'
import { buildResources, infosOf, type ResourceResult } from '../resources/builder.ts'
import { filenameFlags, filenameOptions, selectorFlag } from '../resources/flags.ts'
import { hasFilenames } from '../resources/manifests.ts'
import {
  allFlag,
  dryRunFlag,
  dryRunOf,
  fieldManagerFlag,
  localFlag,
  recordFlag,
  resultPrinter,
} from '../write/flags.ts'
import { parseLabels } from '../write/labels.ts'
import { localResources } from '../write/local.ts'
import { patchDifference, podTemplateOf } from '../write/mutate.ts'
import { eachInfo } from '../write/objects.ts'
import { checkSubjects, withSubjects } from '../write/subjects.ts'

type Json = Record<string, unknown>

const common = (what: string): readonly Flag[] => [
  ...printFlags(),
  ...filenameFlags('identifying the resource to get from a server.'),
  selectorFlag,
  allFlag,
  dryRunFlag,
  recordFlag,
  localFlag(`set ${what}`),
  fieldManagerFlag('kubectl-set'),
]

const containersFlag: Flag = {
  name: 'containers',
  short: 'c',
  type: 'string',
  fallback: '*',
  description: 'The names of containers in the selected pod templates to change - may use wildcards',
}

async function change(
  ctx: KubectlContext,
  args: readonly string[],
  { operation, edit }: { readonly operation: string; readonly edit: (object: KubeObject) => KubeObject },
): Promise<number> {
  const dryRun = dryRunOf(ctx)
  const local = ctx.flags.boolean('local')
  if (local && dryRun === 'server') {
    throw new KubectlError('cannot specify --local and --dry-run=server - did you mean --dry-run=client?')
  }
  const print = await resultPrinter(ctx, operation, dryRun)
  await eachInfo(await find(ctx, args), async (info) => {
    const after = edit(info.object)
    if (local || dryRun === 'client') return ctx.out(print(after))
    const options = { dryRun, fieldManager: ctx.flags.string('field-manager') }
    const patched = await patchDifference(ctx, info, after, options)
    // What is so already is passed over in silence.
    if (patched) ctx.out(print(patched))
  })
  return 0
}

async function find(ctx: KubectlContext, args: readonly string[]): Promise<ResourceResult> {
  const files = filenameOptions(ctx.flags)
  if (ctx.flags.boolean('local')) return localResources(ctx, files)
  const { namespace, explicit } = ctx.namespace()
  return buildResources(ctx, {
    args,
    files,
    namespace,
    enforceNamespace: explicit,
    selector: ctx.flags.string('selector') ?? '',
    all: ctx.flags.boolean('all'),
  })
}

function requireTarget({ flags }: KubectlContext, resources: readonly string[]): void {
  if (resources.length > 0 || hasFilenames(filenameOptions(flags))) return
  throw new KubectlError('one or more resources must be specified as <resource> <name> or <resource>/<name>')
}

/** Arguments before the first with `=`, or `NAME-` where that removes, and the rest. */
function split(args: readonly string[], removable: boolean): { resources: string[]; pairs: string[] } {
  const isPair = (word: string) => word.includes('=') || (removable && word.endsWith('-') && word !== '-')
  return { resources: args.filter((word) => !isPair(word)), pairs: args.filter(isPair) }
}

/** The object with its containers changed by `edit`. Throws KubectlError for objects without pods. */
export function withContainers(object: KubeObject, edit: (container: Json, init: boolean) => Json): KubeObject {
  const place = podTemplateOf(object)
  if (!place) throw new KubectlError(`the object is not a pod or does not have a pod template: ${object.kind}`)
  const spec = isObject(place.template.spec) ? place.template.spec : {}
  const list = (key: string, init: boolean) =>
    Array.isArray(spec[key]) ? { [key]: spec[key].map((c) => edit(c as Json, init)) } : {}
  return place.with({
    ...place.template,
    spec: { ...spec, ...list('initContainers', true), ...list('containers', false) },
  })
}

/** `*` stands for any text. */
export function selects(pattern: string, name: string): boolean {
  const source = pattern.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replaceAll('*', '.*')
  return new RegExp(`^${source}$`).test(name)
}

const image: KubectlCommand = {
  name: 'image',
  usage:
    '(-f FILENAME | TYPE NAME) CONTAINER_NAME_1=CONTAINER_IMAGE_1 ... CONTAINER_NAME_N=CONTAINER_IMAGE_N [options]',
  short: 'Update the image of a pod template',
  flags: common('image'),
  async run({ args }, ctx) {
    const { resources, pairs } = split(args, false)
    const images = new Map(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]))
    requireTarget(ctx, resources)
    if (images.size === 0) throw new KubectlError('at least one image update is required')
    if (images.size > 1 && images.has('*')) {
      throw new KubectlError(
        'all containers are already specified by *, but saw more than one container_name=container_image pairs',
      )
    }
    return change(ctx, resources, { operation: 'image updated', edit: (object) => withImages(object, images) })
  },
}

/** Throws KubectlError when no container has a name that is given. */
export function withImages(object: KubeObject, images: ReadonlyMap<string, string>): KubeObject {
  const found = new Set<string>()
  const after = withContainers(object, (container) => {
    const name = String(container.name)
    const key = images.has(name) ? name : '*'
    const wanted = images.get(key)
    if (wanted === undefined) return container
    found.add(key)
    return { ...container, image: wanted }
  })
  const missing = [...images.keys()].filter((name) => !found.has(name) && name !== '*')
  if (missing.length > 0) {
    throw new KubectlError(missing.map((name) => `unable to find container named ${JSON.stringify(name)}`).join(', '))
  }
  return after
}

const env: KubectlCommand = {
  name: 'env',
  usage: 'RESOURCE/NAME KEY_1=VAL_1 ... KEY_N=VAL_N [options]',
  short: 'Update environment variables on a pod template',
  flags: [
    ...common('env'),
    containersFlag,
    {
      name: 'list',
      type: 'boolean',
      description: 'If true, display the environment and any changes in the standard format.',
    },
    {
      name: 'env',
      short: 'e',
      type: 'strings',
      description: 'Specify a key-value pair for an environment variable to set into each container.',
    },
    {
      name: 'from',
      type: 'string',
      description: 'The name of a resource from which to inject environment variables',
    },
    { name: 'prefix', type: 'string', description: 'Prefix to append to variable names' },
    {
      name: 'keys',
      type: 'slice',
      description: 'Comma-separated list of keys to import from specified resource',
    },
    {
      name: 'overwrite',
      type: 'boolean',
      fallback: 'true',
      description:
        'If true, allow environment to be overwritten, otherwise reject updates that overwrite existing environment.',
    },
  ],
  async run({ args }, ctx) {
    const { resources, pairs } = split(args, true)
    requireTarget(ctx, resources)
    if (ctx.flags.boolean('list')) return listEnv(ctx, resources)
    const words = [...pairs, ...ctx.flags.strings('env')]
    const changes = withPrefix(await withReferences(ctx, envChanges(words)), ctx.flags.string('prefix') ?? '')
    const pattern = ctx.flags.string('containers') ?? '*'
    const overwrite = ctx.flags.boolean('overwrite')
    const edit = (object: KubeObject) =>
      withContainers(object, (container) =>
        selects(pattern, String(container.name)) ? withEnv(container, changes, overwrite) : container,
      )
    return change(ctx, resources, { operation: 'env updated', edit })
  },
}

interface EnvChanges {
  /** Values, or where they come from. */
  readonly set: ReadonlyMap<string, string | Json>
  readonly remove: ReadonlySet<string>
}

function envChanges(words: readonly string[]): EnvChanges {
  const set = new Map<string, string>()
  const remove = new Set<string>()
  for (const word of words) {
    const equals = word.indexOf('=')
    if (equals > 0) set.set(word.slice(0, equals), word.slice(equals + 1))
    else if (word.endsWith('-')) remove.add(word.slice(0, -1))
    else throw new KubectlError(`unknown environment variable: ${word}`)
  }
  return { set, remove }
}

const REFERENCES: Readonly<Record<string, string>> = { Secret: 'secretKeyRef', ConfigMap: 'configMapKeyRef' }

/** The changes with a variable more for each key of --from. */
async function withReferences(ctx: KubectlContext, { set, remove }: EnvChanges): Promise<EnvChanges> {
  const from = ctx.flags.string('from') ?? ''
  if (from === '') return { set, remove }
  const wanted = ctx.flags.strings('keys')
  const all = new Map(set)
  const found = infosOf(await buildResources(ctx, { args: [from], namespace: ctx.namespace().namespace }))
  for (const { name, object } of found) {
    const reference = Object.hasOwn(REFERENCES, object.kind ?? '') ? REFERENCES[object.kind ?? ''] : undefined
    if (reference === undefined) throw new KubectlError('unsupported resource specified in --from')
    const keys = Object.keys(isObject(object.data) ? object.data : {}).sort()
    for (const key of keys.filter((k) => wanted.length === 0 || wanted.includes(k))) {
      const variable = key.replace(/[^a-zA-Z0-9_]/g, '_').toUpperCase()
      if (variable !== key) ctx.warn(`key ${key} transferred to ${variable}`)
      all.set(variable, { [reference]: { name, key } })
    }
  }
  return { set: all, remove }
}

function withPrefix({ set, remove }: EnvChanges, prefix: string): EnvChanges {
  return { set: new Map([...set].map(([name, value]) => [`${prefix}${name}`, value])), remove }
}

/** The container with its variables changed in their places, new ones at the end. Throws KubectlError. */
export function withEnv(container: Json, { set, remove }: EnvChanges, overwrite = true): Json {
  const before = Array.isArray(container.env) ? (container.env as { name: string; value?: string }[]) : []
  const taken = before.find((v) => set.has(v.name) && v.value !== set.get(v.name))
  if (!overwrite && taken) {
    throw new KubectlError(`'${taken.name}' already has a value (${taken.value}), and --overwrite is false`)
  }
  const names = new Set(before.map((v) => v.name))
  const kept = before.filter((v) => !remove.has(v.name)).map((v) => variableOf(v.name, set.get(v.name)) ?? v)
  const added = [...set].filter(([name]) => !names.has(name)).map(([name, value]) => variableOf(name, value))
  const next = [...kept, ...added]
  const { env: _, ...rest } = container
  return next.length === 0 ? rest : { ...rest, env: next }
}

function variableOf(name: string, value: string | Json | undefined): Json | undefined {
  if (value === undefined) return undefined
  return typeof value === 'string' ? { name, value } : { name, valueFrom: value }
}

async function listEnv(ctx: KubectlContext, args: readonly string[]): Promise<number> {
  const pattern = ctx.flags.string('containers') ?? '*'
  await eachInfo(await find(ctx, args), async ({ mapping, name, object }) => {
    withContainers(object, (container) => {
      if (!selects(pattern, String(container.name))) return container
      ctx.out(`# ${mapping.kind} ${name}, container ${container.name}\n`)
      for (const v of (container.env ?? []) as { name: string; value?: string; valueFrom?: Json }[]) {
        ctx.out(v.valueFrom ? `# ${v.name} from ${sourceText(v.valueFrom)}\n` : `${v.name}=${v.value ?? ''}\n`)
      }
      return container
    })
  })
  return 0
}

function sourceText(from: Json): string {
  const part = (key: string) => (isObject(from[key]) ? from[key] : undefined)
  const [field, resource] = [part('fieldRef'), part('resourceFieldRef')]
  const [secret, map] = [part('secretKeyRef'), part('configMapKeyRef')]
  if (field) return `field path ${field.fieldPath}`
  if (resource) return `resource field ${resource.containerName ?? ''} ${resource.resource}`
  if (secret) return `secret ${secret.name}, key ${secret.key}`
  return `configmap ${map?.name}, key ${map?.key}`
}

const resources: KubectlCommand = {
  name: 'resources',
  usage: '(-f FILENAME | TYPE NAME)  ([--limits=LIMITS & --requests=REQUESTS] [options]',
  short: 'Update resource requests/limits on objects with pod templates',
  flags: [
    ...common('resources'),
    containersFlag,
    {
      name: 'limits',
      type: 'string',
      description: "The resource requirement requests for this container.  For example, 'cpu=100m,memory=256Mi'.",
    },
    {
      name: 'requests',
      type: 'string',
      description: "The resource requirement requests for this container.  For example, 'cpu=100m,memory=256Mi'.",
    },
  ],
  async run({ args }, ctx) {
    const limits = quantities(ctx.flags.string('limits') ?? '')
    const requests = quantities(ctx.flags.string('requests') ?? '')
    requireTarget(ctx, args)
    if (Object.keys(limits).length + Object.keys(requests).length === 0) {
      throw new KubectlError('you must specify an update to requests or limits (in the form of --requests/--limits)')
    }
    const pattern = ctx.flags.string('containers') ?? '*'
    const edit = (object: KubeObject) =>
      withContainers(object, (container, init) => {
        if (init || !selects(pattern, String(container.name))) return container
        const old = isObject(container.resources) ? container.resources : {}
        const merged = (key: 'limits' | 'requests', more: object) =>
          Object.keys(more).length === 0 ? {} : { [key]: { ...(isObject(old[key]) ? old[key] : {}), ...more } }
        return { ...container, resources: { ...old, ...merged('limits', limits), ...merged('requests', requests) } }
      })
    return change(ctx, args, { operation: 'resource requirements updated', edit })
  },
}

const selector: KubectlCommand = {
  name: 'selector',
  usage: '(-f FILENAME | TYPE NAME) EXPRESSIONS [--resource-version=version] [options]',
  short: 'Set the selector on a resource',
  flags: [
    ...common('selector'),
    {
      name: 'resource-version',
      type: 'string',
      description:
        'If non-empty, the selectors update will only succeed if this is the current resource-version for the object.',
    },
  ],
  async run({ args }: Invocation, ctx) {
    const { resources: words, pairs } = split(args, false)
    requireTarget(ctx, words)
    const [expressions = ''] = pairs
    if (pairs.length !== 1) throw new KubectlError('one selector is required')
    const labels = parseLabels(expressions) ?? {}
    const edit = (object: KubeObject) => {
      if (object.kind !== 'Service') throw new KubectlError(`setting a selector is only supported for Services`)
      return { ...object, spec: { ...(object.spec as object), selector: labels } }
    }
    return change(ctx, words, { operation: 'selector updated', edit })
  },
}

const serviceaccount: KubectlCommand = {
  name: 'serviceaccount',
  aliases: ['sa'],
  usage: '(-f FILENAME | TYPE NAME) SERVICE_ACCOUNT [options]',
  short: 'Update the service account of a resource',
  flags: common('serviceaccount'),
  async run({ args }, ctx) {
    const account = args.at(-1)
    if (account === undefined) throw new KubectlError('serviceaccount is required')
    const words = args.slice(0, -1)
    requireTarget(ctx, words)
    const edit = (object: KubeObject) => {
      const place = podTemplateOf(object)
      if (!place) throw new KubectlError(`the object is not a pod or does not have a pod template: ${object.kind}`)
      const spec = isObject(place.template.spec) ? place.template.spec : {}
      // Both spellings are kept the same by the server.
      return place.with({ ...place.template, spec: { ...spec, serviceAccountName: account, serviceAccount: account } })
    }
    return change(ctx, words, { operation: 'serviceaccount updated', edit })
  },
}

const subject: KubectlCommand = {
  name: 'subject',
  usage:
    '(-f FILENAME | TYPE NAME) [--user=username] [--group=groupname] [--serviceaccount=namespace:serviceaccountname] [--dry-run=server|client|none] [options]',
  short: 'Update the user, group, or service account in a role binding or cluster role binding',
  flags: [
    ...common('subject'),
    { name: 'user', type: 'strings', description: 'Usernames to bind to the role' },
    { name: 'group', type: 'strings', description: 'Groups to bind to the role' },
    { name: 'serviceaccount', type: 'strings', description: 'Service accounts to bind to the role' },
  ],
  async run({ args }, ctx) {
    const subjects = {
      users: ctx.flags.strings('user'),
      groups: ctx.flags.strings('group'),
      serviceAccounts: ctx.flags.strings('serviceaccount'),
    }
    requireTarget(ctx, args)
    checkSubjects(subjects)
    return change(ctx, args, { operation: 'subjects updated', edit: (object) => withSubjects(object, subjects) })
  },
}

export const set: KubectlCommand = {
  name: 'set',
  usage: 'SUBCOMMAND [options]',
  short: 'Set specific features on objects',
  flags: [],
  children: [env, image, resources, selector, serviceaccount, subject],
}
