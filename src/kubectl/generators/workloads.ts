// kubectl create deployment, job, cronjob.

import { KubectlError } from '../errors.ts'
import { isObject, type KubeObject } from '../object.ts'
import { namedObject } from '../pods/selection.ts'
import { generator, requireFlags, textFlag } from './generator.ts'

export const deployment = generator({
  name: 'deployment',
  aliases: ['deploy', 'dep'],
  usage: 'NAME --image=image -- [COMMAND] [args...] [options]',
  short: 'Create a deployment with the specified name',
  failure: 'deployment:',
  flags: [
    {
      name: 'image',
      type: 'slice',
      description: 'Image names to run. A deployment can have multiple images set for multi-container pod.',
    },
    { name: 'port', type: 'int', fallback: '-1', description: 'The containerPort that this deployment exposes.' },
    {
      name: 'replicas',
      short: 'r',
      type: 'int',
      fallback: '1',
      description: 'Number of replicas to create. Default is 1.',
    },
  ],
  make({ ctx, name, command }) {
    requireFlags(ctx, 'image')
    const images = ctx.flags.strings('image')
    if (images.length > 1 && command.length > 0) {
      throw new KubectlError('cannot specify multiple --image options and command')
    }
    const port = ctx.flags.int('port')
    const labels = { app: name }
    const containers = images.map((image, i) => ({
      ...(command.length > 0 ? { command } : {}),
      image,
      name: containerName(image, images.length > 1 ? images : [image], i),
      ...(port >= 0 && i === 0 ? { ports: [{ containerPort: port }] } : {}),
      resources: {},
    }))
    return {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { labels, name },
      spec: {
        replicas: ctx.flags.int('replicas'),
        selector: { matchLabels: labels },
        strategy: {},
        template: { metadata: { labels }, spec: { containers } },
      },
      status: {},
    }
  },
})

const NAME_LIMIT = 63

/** `nginx` of `docker.io/library/nginx:1.25`; images of one name are told apart by their place. */
export function containerName(image: string, all: readonly string[], place: number): string {
  const base = baseName(image)
  const same = all.filter((other) => baseName(other) === base)
  if (same.length === 1) return base
  return `${base}-${all.slice(0, place + 1).filter((other) => baseName(other) === base).length}`
}

function baseName(image: string): string {
  const last = image.split('/').at(-1) ?? ''
  const bare = last.split('@')[0]?.split(':')[0] ?? ''
  return bare
    .toLowerCase()
    .replace(/[^a-z0-9-]/g, '-')
    .slice(0, NAME_LIMIT)
    .replace(/^-+|-+$/g, '')
}

export const job = generator({
  name: 'job',
  usage: 'NAME --image=image [--from=cronjob/name] -- [COMMAND] [args...] [options]',
  short: 'Create a job with the specified name',
  failure: 'job:',
  flags: [
    textFlag('image', 'Image name to run.'),
    textFlag('from', 'The name of the resource to create a Job from (only CronJob is supported).'),
  ],
  async make({ ctx, name, command }) {
    const image = ctx.flags.string('image') ?? ''
    const from = ctx.flags.string('from') ?? ''
    if ((image === '') === (from === '')) throw new KubectlError('either --image or --from must be specified')
    if (command.length > 0 && from !== '') throw new KubectlError('cannot specify --from and command')
    if (from === '') {
      return {
        apiVersion: 'batch/v1',
        kind: 'Job',
        metadata: { name },
        spec: { template: { metadata: {}, spec: podSpec({ name, image, command, restart: 'Never' }) } },
        status: {},
      }
    }
    return fromCronJob(await namedObject(ctx, [from], ctx.namespace().namespace), name)
  },
})

function podSpec(o: { name: string; image: string; command: readonly string[]; restart: string }) {
  const { name, image, command, restart } = o
  return {
    containers: [{ ...(command.length > 0 ? { command } : {}), image, name, resources: {} }],
    restartPolicy: restart,
  }
}

function fromCronJob(cronJob: KubeObject, name: string): KubeObject {
  if (cronJob.kind !== 'CronJob') throw new KubectlError('from must be an existing cronjob')
  const template = isObject(cronJob.spec) && isObject(cronJob.spec.jobTemplate) ? cronJob.spec.jobTemplate : {}
  const metadata = isObject(template.metadata) ? template.metadata : {}
  const annotations = isObject(metadata.annotations) ? metadata.annotations : {}
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: {
      annotations: { 'cronjob.kubernetes.io/instantiate': 'manual', ...(annotations as Record<string, string>) },
      ...(isObject(metadata.labels) ? { labels: metadata.labels as Record<string, string> } : {}),
      name,
      ownerReferences: [
        {
          apiVersion: 'batch/v1',
          controller: true,
          kind: 'CronJob',
          name: cronJob.metadata?.name,
          uid: cronJob.metadata?.uid,
        },
      ],
    },
    spec: template.spec,
    status: {},
  }
}

export const cronjob = generator({
  name: 'cronjob',
  aliases: ['cj'],
  usage: "NAME --image=image --schedule='0/5 * * * ?' -- [COMMAND] [args...] [flags] [options]",
  short: 'Create a cron job with the specified name',
  failure: 'cronjob:',
  flags: [
    textFlag('image', 'Image name to run.'),
    textFlag('schedule', 'A schedule in the Cron format the job should be run with.'),
    textFlag('restart', "job's restart policy. supported values: OnFailure, Never"),
  ],
  make({ ctx, name, command }) {
    requireFlags(ctx, 'image', 'schedule')
    const image = ctx.flags.string('image') ?? ''
    const restart = ctx.flags.string('restart') || 'OnFailure'
    return {
      apiVersion: 'batch/v1',
      kind: 'CronJob',
      metadata: { name },
      spec: {
        jobTemplate: {
          metadata: { name },
          spec: { template: { metadata: {}, spec: podSpec({ name, image, command, restart }) } },
        },
        schedule: ctx.flags.string('schedule') ?? '',
      },
      status: {},
    }
  },
})
