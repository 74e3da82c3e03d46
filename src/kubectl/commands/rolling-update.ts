// kubectl rolling-update, as it was until 1.17: replaces a replication controller by another, pod by pod.
// Model: pkg/kubectl/cmd/rollingupdate.go of kubernetes 1.2.

import type { Invocation, KubectlCommand, KubectlContext } from '../command.ts'
import { KubectlError, usageError } from '../errors.ts'
import type { KubeObject } from '../object.ts'
import { printerOf, printFlags } from '../printers/print-flags.ts'
import { buildResources, infosOf } from '../resources/builder.ts'
import { filenameFlags, filenameOptions } from '../resources/flags.ts'
import { hasFilenames } from '../resources/manifests.ts'
import {
  annotated,
  annotationOf,
  type Controller,
  type Controllers,
  controllersOf,
  DESIRED_REPLICAS,
  hashOf,
  NEXT_CONTROLLER,
  nameOf,
  ORIGINAL_REPLICAS,
  SOURCE_ID,
  withImage,
} from '../rolling-update/controllers.ts'
import { runRollingUpdate } from '../rolling-update/run.ts'
import { validateFlag } from '../write/flags.ts'

export const rollingUpdate: KubectlCommand = {
  name: 'rolling-update',
  aliases: ['rollingupdate'],
  usage: 'OLD_CONTROLLER_NAME ([NEW_CONTROLLER_NAME] --image=NEW_CONTAINER_IMAGE | -f NEW_CONTROLLER_SPEC) [options]',
  short: 'Perform a rolling update of the given ReplicationController',
  long: `Perform a rolling update of the given ReplicationController.

 Replaces the specified replication controller with a new replication controller by updating one pod at a time to use the new PodTemplate. The new-controller.json must specify the same namespace as the existing replication controller and overwrite at least one (common) label in its replicaSelector.

 Today a Deployment does this on the server: see 'kubectl rollout'.
`,
  examples: `# Update pods of frontend-v1 using new replication controller data in frontend-v2.json.
kubectl rolling-update frontend-v1 -f frontend-v2.json

# Update the pods of frontend by just changing the image, and keeping the old name.
kubectl rolling-update frontend --image=image:v2

# Abort and reverse an existing rollout in progress (from frontend-v1 to frontend-v2).
kubectl rolling-update frontend-v1 frontend-v2 --rollback`,
  hidden: true,
  flags: [
    ...printFlags(),
    ...filenameFlags('to use to create the new replication controller.'),
    validateFlag,
    { name: 'image', type: 'string', description: 'Image to use for upgrading the replication controller.' },
    { name: 'container', type: 'string', description: 'Container name which will have its image upgraded.' },
    {
      name: 'update-period',
      type: 'duration',
      fallback: '1m0s',
      description:
        'Time to wait between updating pods. Valid time units are "ns", "us" (or "µs"), "ms", "s", "m", "h".',
    },
    {
      name: 'poll-interval',
      type: 'duration',
      fallback: '3s',
      description: 'Time delay between polling for replication controller status after the update.',
    },
    {
      name: 'timeout',
      type: 'duration',
      fallback: '5m0s',
      description: 'Max time to wait for a replication controller to update before giving up.',
    },
    {
      name: 'deployment-label-key',
      type: 'string',
      fallback: 'deployment',
      description:
        "The key to use to differentiate between two different controllers, default 'deployment'.  Only relevant when --image is specified, ignored otherwise",
    },
    {
      name: 'dry-run',
      type: 'boolean',
      description: 'If true, print out the changes that would be made, but do not actually make them.',
    },
    {
      name: 'rollback',
      type: 'boolean',
      description: 'If true, this is a request to abort an existing rollout that is partially rolled out.',
    },
  ],
  async run(invocation, ctx) {
    const { namespace } = ctx.namespace()
    check(invocation, ctx)
    const [oldName = ''] = invocation.args
    const controllers = await controllersOf(ctx, namespace)
    const old = await controllers.get(oldName)
    if (ctx.flags.boolean('rollback')) return rollback(invocation, ctx, { controllers, old })
    const next = await nextController(invocation, ctx, { controllers, old })
    if (ctx.flags.boolean('dry-run')) return sayPlan(ctx, { old, next })
    const image = ctx.flags.string('image') ?? ''
    const keepName = image !== '' && invocation.args.length === 1
    const ready = image === '' ? old : await prepareOld(ctx, { controllers, old, next })
    const done = await runRollingUpdate(ctx, controllers, { old: ready, next, ...timesOf(ctx), keepName })
    await report(ctx, done, {
      shown: oldName,
      message: keepName ? 'rolling updated' : `rolling updated to ${JSON.stringify(nameOf(done))}`,
    })
    return 0
  },
}

function check({ args, path }: Invocation, ctx: KubectlContext): void {
  const image = ctx.flags.string('image') ?? ''
  const files = hasFilenames(filenameOptions(ctx.flags))
  const rollback = ctx.flags.boolean('rollback')
  const key = ctx.flags.string('deployment-label-key') ?? ''
  if (key === '') throw usageError(path, '--deployment-label-key can not be empty')
  if (!files && image === '' && !rollback)
    throw usageError(path, 'Must specify --filename or --image for new controller')
  if (files && image !== '') throw usageError(path, '--filename and --image can not both be specified')
  if (args.length === 0) throw usageError(path, 'Must specify the controller to update')
  const most = files ? 1 : 2
  if (args.length > most) {
    throw usageError(
      path,
      files
        ? 'May only specify a single filename for new controller'
        : 'May specify the old and the new controller only',
    )
  }
  for (const name of ['update-period', 'poll-interval', 'timeout']) {
    if (ctx.flags.duration(name) < 0) throw usageError(path, `--${name} must not be negative`)
  }
}

const timesOf = ({ flags }: KubectlContext) => ({
  updatePeriodMs: flags.duration('update-period'),
  pollIntervalMs: flags.duration('poll-interval'),
  timeoutMs: flags.duration('timeout'),
})

interface Scene {
  readonly controllers: Controllers
  readonly old: Controller
}

async function nextController({ args, path }: Invocation, ctx: KubectlContext, scene: Scene): Promise<Controller> {
  const image = ctx.flags.string('image') ?? ''
  if (image === '') return fromFile(ctx, scene.old, path)
  const name = args[1] ?? annotationOf(scene.old, NEXT_CONTROLLER) ?? ''
  const there = name === '' ? undefined : await scene.controllers.find(name)
  if (there) {
    ctx.out(`Found existing update in progress (${nameOf(there)}), resuming.\n`)
    return there
  }
  return withImage(scene.old, {
    image,
    name: args[1] ?? '',
    container: ctx.flags.string('container') ?? '',
    key: ctx.flags.string('deployment-label-key') ?? '',
  })
}

async function fromFile(ctx: KubectlContext, old: Controller, path: string): Promise<Controller> {
  const files = filenameOptions(ctx.flags)
  const { namespace, explicit } = ctx.namespace()
  const request = { files, namespace, enforceNamespace: explicit, fetchFiles: false }
  const [info, ...more] = infosOf(await buildResources(ctx, request))
  const file = files.filenames[0] ?? ''
  if (!info || more.length > 0 || info.object.kind !== 'ReplicationController') {
    throw usageError(path, `${file} does not specify a valid ReplicationController`)
  }
  const next = withDefaults(info.object)
  if (nameOf(next) === nameOf(old)) {
    throw usageError(path, `${file} cannot have the same name as the existing ReplicationController ${nameOf(old)}`)
  }
  const differs = Object.entries(next.spec.selector).some(([key, value]) => {
    const was = old.spec.selector[key]
    return was !== undefined && was !== value
  })
  if (!differs)
    throw usageError(path, `${file} must specify a matching key with non-equal value in Selector for ${nameOf(old)}`)
  return next
}

function withDefaults(object: KubeObject): Controller {
  const rc = object as Controller
  const selector = rc.spec.selector ?? rc.spec.template.metadata?.labels ?? {}
  return { ...rc, spec: { ...rc.spec, selector } }
}

/** Pods of the old controller get a label by which the new one's are told apart. */
async function prepareOld(
  ctx: KubectlContext,
  { controllers, old, next }: Scene & { readonly next: Controller },
): Promise<Controller> {
  const key = ctx.flags.string('deployment-label-key') ?? ''
  const marked = await controllers.annotate(old, { [NEXT_CONTROLLER]: nameOf(next) })
  return key in marked.spec.selector ? marked : controllers.distinguish(marked, key, hashOf(old))
}

async function rollback({ args }: Invocation, ctx: KubectlContext, { controllers, old }: Scene): Promise<number> {
  const name = args[1] ?? annotationOf(old, NEXT_CONTROLLER)
  const next = name === undefined ? undefined : await controllers.find(name)
  if (!next) throw new KubectlError(`no rolling update of ${JSON.stringify(nameOf(old))} is in progress`)
  const original = annotationOf(old, ORIGINAL_REPLICAS)
  if (original === undefined)
    throw new KubectlError(`couldn't find original replica count of ${JSON.stringify(nameOf(old))}`)
  ctx.out(`Setting ${JSON.stringify(nameOf(old))} replicas to ${original}\n`)
  const sourceId = `${nameOf(next)}:${next.metadata?.uid}`
  const marked = await controllers.annotate(old, { [SOURCE_ID]: sourceId, [DESIRED_REPLICAS]: original })
  // What is going away has as many pods as the update had given it.
  const leaving = annotated(next, {})
  const done = await runRollingUpdate(ctx, controllers, {
    old: leaving,
    next: marked,
    ...timesOf(ctx),
    keepName: false,
  })
  await controllers.annotate(done, { [NEXT_CONTROLLER]: null, [ORIGINAL_REPLICAS]: null })
  await report(ctx, done, { shown: nameOf(old), message: 'rolling updated' })
  return 0
}

function sayPlan(ctx: KubectlContext, { old, next }: { old: Controller; next: Controller }): number {
  ctx.out(`Rolling from:\n${describe(old)}\nTo:\n${describe(next)}\n`)
  return 0
}

function describe(rc: Controller): string {
  const images = rc.spec.template.spec.containers.map((c) => c.image).join(',')
  return `replicationcontroller/${nameOf(rc)}\t${images}\treplicas=${rc.spec.replicas ?? 1}`
}

async function report(
  ctx: KubectlContext,
  done: Controller,
  { shown, message }: { readonly shown: string; readonly message: string },
): Promise<void> {
  const print = await printerOf(ctx)
  ctx.out(print ? print(done) : `replicationcontroller ${JSON.stringify(shown)} ${message}\n`)
}
