// Values that completion asks the kubeconfig and the server for, by command and flag.
// Model: k8s.io/kubectl/pkg/util/completion/completion.go.

import { readdirSync } from 'node:fs'
import type { KubectlContext, KubectlEnvironment } from '../command.ts'
import { createContext } from '../context.ts'
import { pathOf, preferred } from '../discovery/mapper.ts'
import { type Flag, parseFlags } from '../flags.ts'
import { isObject, itemsOf, type KubeObject } from '../object.ts'
import { containersOf } from '../pods/containers.ts'
import { byActivity, firstPodOf, namedObject } from '../pods/selection.ts'
import { OBJECT_FORMATS } from '../printers/print-flags.ts'
import { type Answer, type Completed, Directive, type Question, startingWith } from './complete.ts'

/** Who presses tab does not wait longer. */
const PATIENCE_MS = 5000
const POD_PATIENCE_MS = 100

type Asked = Question & { readonly ctx: KubectlContext }
type Values = (asked: Asked) => Promise<readonly string[] | Completed>

const WITH_PODS = [
  'daemonsets',
  'deployments',
  'pods',
  'jobs',
  'replicasets',
  'replicationcontrollers',
  'services',
  'statefulsets',
]
const SCALABLE = ['deployment', 'replicaset', 'replicationcontroller', 'statefulset']
const ROLLED = ['deployment', 'daemonset', 'statefulset']
const EXPOSED = ['pod', 'service', 'replicationcontroller', 'deployment', 'replicaset']
const WITH_IMAGES = [
  'daemonsets',
  'deployments',
  'pods',
  'cronjobs',
  'replicasets',
  'replicationcontrollers',
  'statefulsets',
]
const GET_FORMATS = [...OBJECT_FORMATS.slice(0, 4), 'go-template', 'go-template-file', 'template', 'templatefile']
  .concat('jsonpath', 'jsonpath-as-json', 'jsonpath-file')
  .concat('custom-columns', 'custom-columns-file', 'wide')

const firstOf =
  (values: (asked: Asked) => Promise<readonly string[]> | readonly string[]): Values =>
  async (asked) =>
    asked.args.length === 0 ? values(asked) : []

const anyObject = typeAndName()
const nodes = firstOf(({ ctx }) => namesOf(ctx, 'node'))
const contexts = ({ ctx }: Asked) => [...ctx.kubeconfig().contexts.keys()].sort()
const clusters = ({ ctx }: Asked) => [...ctx.kubeconfig().clusters.keys()].sort()
const users = ({ ctx }: Asked) => [...ctx.kubeconfig().users.keys()].sort()

/** Arguments, by command. */
const ARGUMENTS: Readonly<Record<string, Values>> = {
  annotate: anyObject,
  'apply edit-last-applied': anyObject,
  'apply view-last-applied': anyObject,
  attach: podOrWorkload,
  autoscale: typeAndName(SCALABLE),
  'config delete-cluster': firstOf(clusters),
  'config delete-context': firstOf(contexts),
  'config delete-user': firstOf(users),
  'config rename-context': firstOf(contexts),
  'config set-context': firstOf(contexts),
  'config use-context': firstOf(contexts),
  cordon: nodes,
  cp: copied,
  'create token': firstOf(({ ctx }) => namesOf(ctx, 'serviceaccount')),
  debug: anyObject,
  delete: anyObject,
  describe: anyObject,
  drain: nodes,
  edit: anyObject,
  exec: podOrWorkload,
  expose: typeAndName(EXPOSED),
  get: anyObject,
  label: anyObject,
  logs: (asked) => (asked.args.length === 1 ? containers(asked) : podOrWorkload(asked)),
  patch: anyObject,
  'port-forward': (asked) => (asked.args.length === 1 ? ports(asked) : podOrWorkload(asked)),
  'rollout history': typeAndName(ROLLED),
  'rollout pause': typeAndName(['deployment']),
  'rollout restart': typeAndName(ROLLED),
  'rollout resume': typeAndName(['deployment']),
  'rollout status': typeAndName(ROLLED, { repeated: false }),
  'rollout undo': typeAndName(ROLLED),
  scale: typeAndName(SCALABLE),
  'set image': typeAndName(WITH_IMAGES, { repeated: false }),
  taint: typeAndName(['node']),
  'top node': nodes,
  'top pod': firstOf(({ ctx }) => namesOf(ctx, 'pod')),
  uncordon: nodes,
}

/** Values of flags, by command and flag; those of every command have the flag's name alone. */
const FLAGS: Readonly<Record<string, Values>> = {
  '--namespace': async ({ ctx }) => namesOf(ctx, 'namespace'),
  '--context': async (asked) => contexts(asked),
  '--cluster': async (asked) => clusters(asked),
  '--user': async (asked) => users(asked),
  '--subresource': async () => ['status', 'scale', 'resize'],
  'get --output': async () => GET_FORMATS,
  'exec --container': async (asked) => (asked.args.length > 0 ? containers(asked) : []),
  'create clusterrolebinding --clusterrole': async ({ ctx }) => namesOf(ctx, 'clusterrole'),
}

/** Answers what completion asks; what cannot be found out is left out, so that pressing tab shows no errors. */
export function answersOf(world: KubectlEnvironment, globals: readonly Flag[]): Answer {
  return async (question) => {
    const values = valuesFor(question, globals)
    if (!values) return undefined
    const patience = new AbortController()
    const cancel = world.after(PATIENCE_MS, () => patience.abort())
    const quiet = { write: () => true } as unknown as KubectlEnvironment['stderr']
    const { context, close } = createContext(
      { ...world, stderr: quiet, signal: AbortSignal.any([world.signal, patience.signal]) },
      parseFlags(question.flags, question.words),
      new Set(question.flags.filter((f) => !globals.includes(f)).map((f) => f.name)),
    )
    try {
      const found = await values({ ...question, ctx: context })
      if ('directive' in found) return found
      return { candidates: startingWith(found, question.prefix), directive: Directive.NoFileComp }
    } catch {
      // A server that cannot be asked has nothing to propose.
      return { candidates: [], directive: Directive.NoFileComp }
    } finally {
      cancel()
      await close()
    }
  }
}

function valuesFor({ path, flag }: Question, globals: readonly Flag[]): Values | undefined {
  const command = path.join(' ')
  if (!flag) return Object.hasOwn(ARGUMENTS, command) ? ARGUMENTS[command] : undefined
  const own = `${command} --${flag.name}`
  if (Object.hasOwn(FLAGS, own)) return FLAGS[own]
  const everywhere = globals.some((f) => f.name === flag.name && f.description === flag.description)
  const shared = everywhere || flag.name === 'subresource' || own === 'config set-context --namespace'
  return shared && Object.hasOwn(FLAGS, `--${flag.name}`) ? FLAGS[`--${flag.name}`] : undefined
}

async function listOf(ctx: KubectlContext, resource: string, namespace?: string): Promise<KubeObject[]> {
  const mapping = await (await ctx.mapper()).mappingFor(resource)
  const client = await ctx.client()
  const place = namespace ?? ctx.namespace().namespace
  const list = await client.json({ path: pathOf(mapping, place), signal: ctx.signal })
  return itemsOf(list as KubeObject) ?? []
}

async function namesOf(ctx: KubectlContext, resource: string): Promise<string[]> {
  return (await listOf(ctx, resource)).map((object) => object.metadata?.name ?? '')
}

/** Resources that can be got; after a comma, the ones that may follow. */
async function resourceNames({ ctx, prefix }: Asked): Promise<string[]> {
  const all = preferred(await (await ctx.mapper()).discovery()).filter((r) => r.verbs.includes('get'))
  const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)
  const before = prefix.slice(0, prefix.lastIndexOf(',') + 1)
  return all
    .toSorted((a, b) => compare(a.group, b.group) || compare(a.name, b.name))
    .map((r) => `${before}${r.group === '' ? r.name : `${r.name}.${r.group}`}`)
}

/** `TYPE NAME…` and `TYPE/NAME…`, of some types or all. */
function typeAndName(types?: readonly string[], { repeated = true } = {}): Values {
  return async (asked) => {
    const { ctx, args, prefix } = asked
    const [first] = args
    if (first !== undefined && !first.includes('/')) {
      if (!repeated && args.length > 1) return []
      return (await namesOf(ctx, first)).filter((name) => !args.slice(1).includes(name))
    }
    if (!repeated && args.length > 0) return []
    if (prefix.includes('/')) return (await slashed(ctx, prefix)).filter((name) => !args.includes(name))
    const known = types ?? (await resourceNames(asked))
    if (args.length === 0) return known
    const candidates = startingWith(known, prefix).map(({ value }) => ({ value: `${value}/` }))
    return { candidates, directive: Directive.NoFileComp | Directive.NoSpace }
  }
}

async function slashed(ctx: KubectlContext, prefix: string): Promise<string[]> {
  const type = prefix.slice(0, prefix.indexOf('/'))
  return (await namesOf(ctx, type)).map((name) => `${type}/${name}`)
}

/** Pods, and the resources that have some. */
async function podOrWorkload({ ctx, args, prefix }: Asked): Promise<readonly string[] | Completed> {
  if (args.length > 0) return []
  if (prefix.includes('/')) return slashed(ctx, prefix)
  const pods = startingWith(await namesOf(ctx, 'pod'), prefix)
  const types = startingWith(WITH_PODS, prefix).map(({ value }) => ({ value: `${value}/` }))
  const alone = pods.length === 0 ? Directive.NoSpace : 0
  return { candidates: [...pods, ...types], directive: Directive.NoFileComp | alone }
}

async function podOf({ ctx, args }: Asked): Promise<KubeObject> {
  const object = await namedObject(ctx, args.slice(0, 1), ctx.namespace().namespace)
  const { pod } = await firstPodOf(ctx, object, { order: byActivity, timeoutMs: POD_PATIENCE_MS, why: '' })
  return pod
}

async function containers(asked: Asked): Promise<string[]> {
  const pod = await podOf(asked)
  return [...containersOf(pod, 'initContainers'), ...containersOf(pod, 'containers')].map(({ name }) => name)
}

/** `LOCAL:REMOTE`, for each port of a service or pod. */
async function ports(asked: Asked): Promise<string[]> {
  const [target = ''] = asked.args
  const [local = ''] = asked.prefix.split(':', 1)
  const pair = (port: unknown) => `${local === '' ? port : local}:${port}`
  if (/^(service|services|svc)\//.test(target)) {
    const service = await namedObject(asked.ctx, [target], asked.ctx.namespace().namespace)
    const list = isObject(service.spec) && Array.isArray(service.spec.ports) ? service.spec.ports : []
    return list.filter(isObject).map(({ port }) => pair(port))
  }
  return containersOf(await podOf(asked), 'containers').flatMap((container) =>
    (Array.isArray(container.ports) ? container.ports : []).filter(isObject).map((port) => pair(port.containerPort)),
  )
}

/** `NAMESPACE/`, `POD:` and what is in the folder. */
async function copied({ ctx, args, prefix }: Asked): Promise<Completed> {
  const proposed = args.length === 0 && !/^[/.~]/.test(prefix) && !prefix.includes(':')
  const candidates = proposed ? startingWith(await places(ctx, prefix), prefix) : []
  return { candidates, directive: Directive.NoSpace }
}

async function places(ctx: KubectlContext, prefix: string): Promise<string[]> {
  if (prefix.includes('/')) {
    const namespace = prefix.slice(0, prefix.indexOf('/'))
    return (await listOf(ctx, 'pod', namespace)).map(({ metadata }) => `${namespace}/${metadata?.name}:`)
  }
  const remote = [
    ...(await namesOf(ctx, 'namespace')).map((name) => `${name}/`),
    ...(await namesOf(ctx, 'pod')).map((name) => `${name}:`),
  ]
  if (prefix === '') return [...remote, './', '/']
  if (!remote.some((place) => place.startsWith(prefix))) return []
  const files = readdirSync(ctx.cwd, { withFileTypes: true })
  return [...remote, ...files.map((file) => (file.isDirectory() ? `${file.name}/` : file.name)).sort()]
}
