// The objects that `kubectl run` makes: a pod today; by --generator, what it made before.
// Model: k8s.io/kubectl/pkg/cmd/run/run.go; pkg/kubectl/run.go of kubernetes 1.2–1.17.

import type { KubectlContext } from '../command.ts'
import { KubectlError, usageError } from '../errors.ts'
import type { Flag } from '../flags.ts'
import type { KubeObject } from '../object.ts'
import { parseLabels } from '../write/labels.ts'
import { parsePairs } from '../write/pairs.ts'

/** Flags of `run` about the object. */
export const runFlags: readonly Flag[] = [
  { name: 'annotations', type: 'strings', description: 'Annotations to apply to the pod.' },
  { name: 'image', type: 'string', description: 'The image for the container to run.' },
  {
    name: 'image-pull-policy',
    type: 'string',
    description:
      'The image pull policy for the container.  If left empty, this value will not be specified by the client and defaulted by the server.',
  },
  {
    name: 'rm',
    type: 'boolean',
    description:
      "If true, delete the pod after it exits.  Only valid when attaching to the container, e.g. with '--attach' or with '-i/--stdin'.",
  },
  { name: 'env', type: 'strings', description: 'Environment variables to set in the container.' },
  { name: 'port', type: 'string', description: 'The port that this container exposes.' },
  {
    name: 'labels',
    short: 'l',
    type: 'string',
    description: 'Comma separated labels to apply to the pod. Will override previous values.',
  },
  {
    name: 'stdin',
    short: 'i',
    type: 'boolean',
    description: 'Keep stdin open on the container in the pod, even if nothing is attached.',
  },
  { name: 'tty', short: 't', type: 'boolean', description: 'Allocate a TTY for the container in the pod.' },
  {
    name: 'attach',
    type: 'boolean',
    description:
      "If true, wait for the Pod to start running, and then attach to the Pod as if 'kubectl attach ...' were called.  Default false, unless '-i/--stdin' is set, in which case the default is true. With '--restart=Never' the exit code of the container process is returned.",
  },
  {
    name: 'leave-stdin-open',
    type: 'boolean',
    description:
      'If the pod is started in interactive mode or with stdin, leave stdin open after the first attach completes. By default, stdin will be closed after the first attach completes.',
  },
  {
    name: 'restart',
    type: 'string',
    fallback: 'Always',
    description: 'The restart policy for this Pod.  Legal values [Always, OnFailure, Never].',
  },
  {
    name: 'command',
    type: 'boolean',
    description:
      "If true and extra arguments are present, use them as the 'command' field in the container, rather than the 'args' field which is the default.",
  },
  {
    name: 'expose',
    type: 'boolean',
    description: 'If true, create a ClusterIP service associated with the pod.  Requires `--port`.',
  },
  { name: 'quiet', short: 'q', type: 'boolean', description: 'If true, suppress prompt messages.' },
  { name: 'privileged', type: 'boolean', description: 'If true, run the container in privileged mode.' },
  {
    name: 'detach-keys',
    type: 'string',
    fallback: 'ctrl-p,ctrl-q',
    description: 'Override the key sequence for detaching a container.',
  },
  {
    name: 'generator',
    type: 'string',
    description:
      'What to make, as in releases before 1.18: run-pod/v1, run/v1, deployment/v1beta1, job/v1, cronjob/v1beta1.',
    hidden: true,
  },
  {
    name: 'replicas',
    short: 'r',
    type: 'int',
    fallback: '1',
    description: 'Number of replicas, with --generator.',
    hidden: true,
  },
  {
    name: 'schedule',
    type: 'string',
    description: 'A schedule in the Cron format, with --generator=cronjob/v1beta1.',
    hidden: true,
  },
  { name: 'hostport', type: 'int', fallback: '-1', description: 'The host port of the container.', hidden: true },
  {
    name: 'requests',
    type: 'string',
    description: "Resource requirements, e.g. 'cpu=100m,memory=256Mi'.",
    hidden: true,
  },
  { name: 'limits', type: 'string', description: "Resource limits, e.g. 'cpu=200m,memory=512Mi'.", hidden: true },
  { name: 'serviceaccount', type: 'string', description: 'Service account to set in the pod spec.', hidden: true },
]

export interface Generated {
  readonly object: KubeObject
  /** Of its pods. */
  readonly labels: Record<string, string>
}

type Workload = 'pod' | 'rc' | 'deployment' | 'job' | 'cronjob'

const GENERATORS: Readonly<Record<string, Workload>> = {
  'run-pod/v1': 'pod',
  'run/v1': 'rc',
  'run-controller/v1': 'rc',
  'deployment/v1beta1': 'deployment',
  'deployment/apps.v1': 'deployment',
  'deployment/apps.v1beta1': 'deployment',
  'job/v1': 'job',
  'job/v1beta1': 'job',
  'cronjob/v1beta1': 'cronjob',
  'cronjob/v2alpha1': 'cronjob',
}

/** The object that the flags ask for. Throws KubectlError. */
export function generatedWorkload(
  ctx: Pick<KubectlContext, 'flags'>,
  { name, command, path }: { readonly name: string; readonly command: readonly string[]; readonly path: string },
): Generated {
  const { flags } = ctx
  const generator = flags.string('generator') || defaultGenerator(flags)
  const workload = GENERATORS[generator]
  if (!workload) throw new KubectlError(`generator ${JSON.stringify(generator)} not found`)
  const given = parseLabels(flags.string('labels') ?? '')
  const labels = given ?? { run: name }
  const annotations = parsePairs(flags.strings('annotations'), 'annotations', { removable: false }).set
  const restartPolicy = restartOf(ctx, workload, path)
  const spec = podSpec(ctx, { name, command, restartPolicy })
  return { labels, object: wrapped(ctx, workload, { name, labels, annotations, spec }) }
}

/** As long as there were generators, --replicas and --schedule said which. */
function defaultGenerator(flags: KubectlContext['flags']): string {
  if (flags.string('schedule')) return 'cronjob/v1beta1'
  return flags.changed('replicas') ? 'run/v1' : 'run-pod/v1'
}

function restartOf({ flags }: Pick<KubectlContext, 'flags'>, workload: Workload, path: string): string {
  const jobs = workload === 'job' || workload === 'cronjob'
  const restart = flags.changed('restart') ? (flags.string('restart') ?? '') : jobs ? 'OnFailure' : 'Always'
  if (restart === '') return flags.boolean('stdin') ? 'OnFailure' : 'Always'
  if (['Always', 'Never', 'OnFailure'].includes(restart)) return restart
  throw usageError(path, `invalid restart policy: ${restart}`)
}

function podSpec(
  { flags }: Pick<KubectlContext, 'flags'>,
  { name, command, restartPolicy }: { name: string; command: readonly string[]; restartPolicy: string },
): Record<string, unknown> {
  const stdin = flags.boolean('stdin')
  const once = stdin && !flags.boolean('leave-stdin-open')
  const port = flags.string('port')
  const hostPort = flags.int('hostport')
  const account = flags.string('serviceaccount')
  return {
    containers: [
      {
        ...(command.length > 0 ? { [flags.boolean('command') ? 'command' : 'args']: command } : {}),
        ...envOf(flags.strings('env')),
        image: flags.string('image'),
        ...pullPolicyOf(flags.string('image-pull-policy') ?? ''),
        name,
        ...(port ? { ports: [{ containerPort: Number(port), ...(hostPort >= 0 ? { hostPort } : {}) }] } : {}),
        resources: resourcesOf(flags),
        ...(flags.boolean('privileged') ? { securityContext: { privileged: true } } : {}),
        ...(stdin ? { stdin: true } : {}),
        ...(once ? { stdinOnce: true } : {}),
        ...(flags.boolean('tty') ? { tty: true } : {}),
      },
    ],
    dnsPolicy: 'ClusterFirst',
    restartPolicy,
    ...(account ? { serviceAccountName: account } : {}),
  }
}

function envOf(pairs: readonly string[]): object {
  if (pairs.length === 0) return {}
  const env = pairs.map((pair) => {
    const equals = pair.indexOf('=')
    if (equals <= 0) throw new KubectlError(`invalid env: ${pair}`)
    return { name: pair.slice(0, equals), value: pair.slice(equals + 1) }
  })
  return { env }
}

function pullPolicyOf(policy: string): object {
  if (policy === '') return {}
  if (['Always', 'IfNotPresent', 'Never'].includes(policy)) return { imagePullPolicy: policy }
  throw new KubectlError(`invalid image pull policy: ${policy}`)
}

function resourcesOf(flags: KubectlContext['flags']): object {
  const limits = parseLabels(flags.string('limits') ?? '')
  const requests = parseLabels(flags.string('requests') ?? '')
  return { ...(limits ? { limits } : {}), ...(requests ? { requests } : {}) }
}

interface Parts {
  readonly name: string
  readonly labels: Record<string, string>
  readonly annotations: Readonly<Record<string, string>>
  readonly spec: Record<string, unknown>
}

function wrapped({ flags }: Pick<KubectlContext, 'flags'>, workload: Workload, parts: Parts): KubeObject {
  const { name, labels, annotations, spec } = parts
  const metadata = { ...(Object.keys(annotations).length > 0 ? { annotations } : {}), labels, name }
  const template = { metadata: { labels }, spec }
  const replicas = flags.int('replicas')
  switch (workload) {
    case 'pod':
      return { apiVersion: 'v1', kind: 'Pod', metadata, spec, status: {} }
    case 'rc':
      return {
        apiVersion: 'v1',
        kind: 'ReplicationController',
        metadata,
        spec: { replicas, selector: labels, template },
        status: { replicas: 0 },
      }
    case 'deployment':
      return {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata,
        spec: { replicas, selector: { matchLabels: labels }, strategy: {}, template },
        status: {},
      }
    case 'job':
      return { apiVersion: 'batch/v1', kind: 'Job', metadata, spec: { template }, status: {} }
    case 'cronjob':
      return {
        apiVersion: 'batch/v1',
        kind: 'CronJob',
        metadata,
        spec: {
          concurrencyPolicy: 'Allow',
          jobTemplate: { metadata: {}, spec: { template } },
          schedule: flags.string('schedule') ?? '',
        },
        status: {},
      }
  }
}

/** The service of --expose. */
export function servicesOf(
  { flags }: Pick<KubectlContext, 'flags'>,
  name: string,
  selector: Record<string, string>,
): KubeObject {
  const port = Number(flags.string('port'))
  const labels = parseLabels(flags.string('labels') ?? '')
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { ...(labels ? { labels } : {}), name },
    spec: { ports: [{ port, protocol: 'TCP', targetPort: port }], selector },
    status: { loadBalancer: {} },
  }
}
