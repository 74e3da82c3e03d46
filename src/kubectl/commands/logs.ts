// kubectl logs: prints what containers wrote.
// Model: k8s.io/kubectl/pkg/cmd/logs/logs.go.

import { isReason } from '../../machinery/errors.ts'
import type { Invocation, KubectlCommand, KubectlContext } from '../command.ts'
import { KubectlError, plainMessage, usageError } from '../errors.ts'
import { itemsOf, type KubeObject } from '../object.ts'
import {
  containerOrDefault,
  containersOf,
  DEFAULT_CONTAINER,
  findContainer,
  noSuchContainer,
} from '../pods/containers.ts'
import { byLogging, firstPodOf, namedObject } from '../pods/selection.ts'
import { selectorFlag } from '../resources/flags.ts'
import { writeLines } from '../streams/lines.ts'
import { delay } from '../write/watch-until.ts'

const USAGE = `logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]`
const SELECTOR_TAIL = 10
const RETRY_MS = 1000

export const podRunningTimeoutFlag = (fallback: string) =>
  ({
    name: 'pod-running-timeout',
    type: 'duration',
    fallback,
    description: 'The length of time (like 5s, 2m, or 3h, higher than zero) to wait until at least one pod is running',
  }) as const

export const logs: KubectlCommand = {
  name: 'logs',
  aliases: ['log'],
  usage: '[-f] [-p] (POD | TYPE/NAME) [-c CONTAINER] [options]',
  short: 'Print the logs for a container in a pod',
  examples: `# Return snapshot logs from pod nginx with only one container
kubectl logs nginx

# Begin streaming the logs of the ruby container in pod web-1
kubectl logs -f -c ruby web-1`,
  flags: [
    selectorFlag,
    podRunningTimeoutFlag('20s'),
    { name: 'all-pods', type: 'boolean', description: 'Get logs from all pod(s). Sets prefix to true.' },
    { name: 'all-containers', type: 'boolean', description: "Get all containers' logs in the pod(s)." },
    { name: 'follow', short: 'f', type: 'boolean', description: 'Specify if the logs should be streamed.' },
    { name: 'timestamps', type: 'boolean', description: 'Include timestamps on each line in the log output' },
    { name: 'limit-bytes', type: 'int', description: 'Maximum bytes of logs to return. Defaults to no limit.' },
    {
      name: 'previous',
      short: 'p',
      type: 'boolean',
      description: 'If true, print the logs for the previous instance of the container in a pod if it exists.',
    },
    {
      name: 'tail',
      type: 'int',
      fallback: '-1',
      description:
        'Lines of recent log file to display. Defaults to -1 with no selector, showing all log lines otherwise 10, if a selector is provided.',
    },
    {
      name: 'ignore-errors',
      type: 'boolean',
      description: 'If watching / following pod logs, allow for any errors that occur to be non-fatal',
    },
    {
      name: 'since-time',
      type: 'string',
      description:
        'Only return logs after a specific date (RFC3339). Defaults to all logs. Only one of since-time / since may be used.',
    },
    {
      name: 'since',
      type: 'duration',
      description:
        'Only return logs newer than a relative duration like 5s, 2m, or 3h. Defaults to all logs. Only one of since-time / since may be used.',
    },
    { name: 'container', short: 'c', type: 'string', description: 'Print the logs of this container' },
    {
      name: 'insecure-skip-tls-verify-backend',
      type: 'boolean',
      description: 'Skip verifying the identity of the kubelet that logs are requested from.',
    },
    {
      name: 'max-log-requests',
      type: 'int',
      fallback: '5',
      description: 'Specify maximum number of concurrent logs to follow when using by a selector. Defaults to 5.',
    },
    {
      name: 'prefix',
      type: 'boolean',
      description: 'Prefix each log line with the log source (pod name and container name)',
    },
  ],
  async run(invocation, ctx) {
    const container = containerOf(invocation, ctx)
    const query = queryOf(ctx)
    const pods = await podsToRead(invocation, ctx)
    refuseMixtures(invocation, ctx, container)
    const sources = pods.flatMap((pod) => sourcesOf(ctx, pod, container))
    const follow = ctx.flags.boolean('follow')
    const most = ctx.flags.int('max-log-requests')
    if (follow && sources.length > 1 && sources.length > most) {
      throw new KubectlError(
        `you are attempting to follow ${sources.length} log streams, but maximum allowed concurrency is ${most}, use --max-log-requests to increase the limit`,
      )
    }
    if (follow) await Promise.all(sources.map((source) => readSource(ctx, source, query)))
    else for (const source of sources) await readSource(ctx, source, query)
    return 0
  },
}

function containerOf({ args, path }: Invocation, { flags }: KubectlContext): string {
  const expected = `expected '${USAGE}'.\nPOD or TYPE/NAME is a required argument for the logs command`
  const selector = flags.string('selector') ?? ''
  if (args.length > 2 || (args.length === 0 && selector === '')) throw usageError(path, expected)
  if (args.length === 1 && selector !== '') {
    throw usageError(path, 'only a selector (-l) or a POD name is allowed')
  }
  return args[1] ?? flags.string('container') ?? ''
}

interface LogQuery {
  readonly [key: string]: string | number | boolean
}

function queryOf({ flags }: KubectlContext): LogQuery {
  const tail = flags.int('tail')
  const selected = (flags.string('selector') ?? '') !== ''
  const tailLines = selected && !flags.changed('tail') ? SELECTOR_TAIL : tail
  const since = flags.duration('since')
  const limit = flags.int('limit-bytes')
  return {
    ...(flags.boolean('follow') ? { follow: true } : {}),
    ...(flags.boolean('previous') ? { previous: true } : {}),
    ...(flags.boolean('timestamps') ? { timestamps: true } : {}),
    ...(flags.boolean('insecure-skip-tls-verify-backend') ? { insecureSkipTLSVerifyBackend: true } : {}),
    ...(flags.string('since-time') ? { sinceTime: rfc3339(flags.string('since-time') ?? '') } : {}),
    ...(since !== 0 ? { sinceSeconds: Math.round(since / 1000) } : {}),
    ...(limit !== 0 ? { limitBytes: limit } : {}),
    ...(tailLines !== -1 ? { tailLines } : {}),
  }
}

function rfc3339(text: string): string {
  if (/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/.test(text)) return text
  throw new KubectlError(
    `parsing time ${JSON.stringify(text)} as "2006-01-02T15:04:05Z07:00": cannot parse ${JSON.stringify(text)} as "2006"`,
  )
}

function refuseMixtures({ args }: Invocation, { flags }: KubectlContext, container: string): void {
  const since = flags.duration('since')
  if (flags.string('since-time') && since !== 0) {
    throw new KubectlError('at most one of `sinceTime` or `sinceSeconds` may be specified')
  }
  if (flags.boolean('all-containers') && container !== '') {
    throw new KubectlError(`--all-containers=true should not be specified with container name ${container}`)
  }
  if (flags.changed('container') && args.length === 2) {
    throw new KubectlError('only one of -c or an inline [CONTAINER] arg is allowed')
  }
  if (flags.int('limit-bytes') < 0) throw new KubectlError('--limit-bytes must be greater than 0')
  if (since < 0) throw new KubectlError('--since must be greater than 0')
  if (flags.int('tail') < -1) throw new KubectlError('--tail must be greater than or equal to -1')
}

async function podsToRead({ args }: Invocation, ctx: KubectlContext): Promise<readonly KubeObject[]> {
  const { namespace } = ctx.namespace()
  const selector = ctx.flags.string('selector') ?? ''
  if (selector !== '') {
    const client = await ctx.client()
    const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods`
    const list = (await client.json({ path, query: { labelSelector: selector }, signal: ctx.signal })) as KubeObject
    const pods = itemsOf(list) ?? []
    if (pods.length === 0) ctx.err(`No resources found in ${namespace} namespace.\n`)
    return pods
  }
  const object = await namedObject(ctx, args.slice(0, 1), namespace).catch((error: unknown) => {
    if (!isReason(error, 'NotFound')) throw error
    throw new KubectlError(`error from server (NotFound): ${error.message} in namespace ${JSON.stringify(namespace)}`, {
      cause: error,
    })
  })
  const timeoutMs = ctx.flags.duration('pod-running-timeout')
  const { pod, pods } = await firstPodOf(ctx, object, { order: byLogging, timeoutMs, why: 'cannot get the logs from' })
  if (ctx.flags.boolean('all-pods')) return pods
  if (pods.length > 1) ctx.err(`Found ${pods.length} pods, using pod/${pod.metadata?.name}\n`)
  return [pod]
}

interface Source {
  readonly pod: KubeObject
  readonly container: string
}

function sourcesOf(ctx: KubectlContext, pod: KubeObject, container: string): Source[] {
  if (ctx.flags.boolean('all-containers')) {
    const kinds = ['initContainers', 'containers', 'ephemeralContainers'] as const
    return kinds.flatMap((kind) => containersOf(pod, kind).map((c) => ({ pod, container: c.name })))
  }
  if (container !== '') {
    if (!findContainer(pod, container)) throw noSuchContainer(pod, container)
    return [{ pod, container }]
  }
  const preferred = pod.metadata?.annotations?.[DEFAULT_CONTAINER] ?? ''
  if (preferred !== '' && findContainer(pod, preferred)) return [{ pod, container: preferred }]
  if (preferred !== '') {
    ctx.err(`Default container name ${JSON.stringify(preferred)} not found in pod ${pod.metadata?.name}\n`)
  }
  const bare = { ...pod, metadata: { ...pod.metadata, annotations: {} } }
  const say = ctx.flags.boolean('all-pods') ? undefined : ctx.err
  return [{ pod, container: containerOrDefault(bare, '', say).name }]
}

async function readSource(ctx: KubectlContext, source: Source, query: LogQuery): Promise<void> {
  for (;;) {
    try {
      return await copyLog(ctx, source, query)
    } catch (error) {
      if (ctx.flags.boolean('ignore-errors')) return ctx.out(`error: ${plainMessage(error)}\n`)
      if (query.follow !== true || !isReason(error, 'BadRequest')) throw error
      // Followed pods may still be starting.
      ctx.err(`${plainMessage(error)}\n`)
      await delay(ctx, RETRY_MS)
    }
  }
}

async function copyLog(ctx: KubectlContext, { pod, container }: Source, query: LogQuery): Promise<void> {
  const client = await ctx.client()
  const { namespace = '', name = '' } = pod.metadata ?? {}
  const path = `/api/v1/namespaces/${encodeURIComponent(namespace)}/pods/${encodeURIComponent(name)}/log`
  const response = await client.open({ path, query: { ...query, container }, accept: '*/*', signal: ctx.signal })
  const withPrefix = ctx.flags.boolean('prefix') || ctx.flags.boolean('all-pods')
  await writeLines(response, ctx.stdout, withPrefix ? `[pod/${name}/${container}] ` : '')
}
