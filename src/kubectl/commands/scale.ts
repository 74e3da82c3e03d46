// kubectl scale: sets how many replicas a workload has.
// Model: k8s.io/kubectl/pkg/cmd/scale/scale.go.

import type { Invocation, KubectlCommand, KubectlContext } from '../command.ts'
import { KubectlError, throwCollected } from '../errors.ts'
import { isObject, type KubeObject } from '../object.ts'
import { printFlags } from '../printers/print-flags.ts'
import { buildResources } from '../resources/builder.ts'
import { filenameFlags, filenameOptions, selectorFlag } from '../resources/flags.ts'
import { allFlag, dryRunFlag, dryRunOf, recordFlag, resultPrinter } from '../write/flags.ts'
import { singleInfos } from '../write/objects.ts'
import { scaleTo, waitScaled } from '../write/scale.ts'

export const scale: KubectlCommand = {
  name: 'scale',
  usage: '[--resource-version=version] [--current-replicas=count] --replicas=COUNT (-f FILENAME | TYPE NAME) [options]',
  short: 'Set a new size for a deployment, replica set, or replication controller',
  examples: `# Scale a replica set named 'foo' to 3
kubectl scale --replicas=3 rs/foo

# If the deployment named mysql's current size is 2, scale mysql to 3
kubectl scale --current-replicas=2 --replicas=3 deployment/mysql`,
  flags: [
    ...printFlags(),
    ...filenameFlags('identifying the resource to set a new size'),
    selectorFlag,
    allFlag,
    dryRunFlag,
    recordFlag,
    {
      name: 'replicas',
      type: 'int',
      description: 'The new desired number of replicas. Required.',
    },
    {
      name: 'current-replicas',
      type: 'int',
      fallback: '-1',
      description:
        'Precondition for current size. Requires that the current size of the resource match this value in order to scale. -1 (default) for no condition.',
    },
    {
      name: 'resource-version',
      type: 'string',
      description:
        'Precondition for resource version. Requires that the current resource version match this value in order to scale.',
    },
    {
      name: 'timeout',
      type: 'duration',
      description:
        "The length of time to wait before giving up on a scale operation, zero means don't wait. Any other values should contain a corresponding time unit (e.g. 1s, 2m, 3h).",
    },
  ],
  run: (invocation, ctx) => runScale(invocation, ctx, 'scaled'),
}

/** Runs `scale`, or `resize` as it was called once. */
export async function runScale({ args }: Invocation, ctx: KubectlContext, operation: string): Promise<number> {
  const { flags } = ctx
  const dryRun = dryRunOf(ctx)
  if (!flags.changed('replicas')) throw new KubectlError('required flag(s) "replicas" not set')
  const replicas = flags.int('replicas')
  if (replicas < 0) {
    throw new KubectlError('The --replicas=COUNT flag is required, and COUNT must be greater than or equal to 0')
  }
  const currentReplicas = flags.int('current-replicas')
  if (currentReplicas < -1) throw new KubectlError('The --current-replicas must specify an integer of -1 or greater')
  const print = await resultPrinter(ctx, operation, dryRun)
  const { namespace, explicit } = ctx.namespace()
  const result = await buildResources(ctx, {
    args,
    files: filenameOptions(flags),
    namespace,
    enforceNamespace: explicit,
    selector: flags.string('selector') ?? '',
    all: flags.boolean('all'),
  })
  const infos = singleInfos(result.infos)
  const resourceVersion = flags.string('resource-version') ?? ''
  if (resourceVersion !== '' && infos.length > 1) {
    throw new KubectlError('cannot use --resource-version with multiple resources')
  }
  if (infos.length === 0) {
    throwCollected(result.errors)
    throw new KubectlError('no objects passed to scale')
  }
  const timeoutMs = flags.duration('timeout')
  for (const info of infos) {
    if (dryRun === 'client') {
      ctx.out(print(withReplicas(info.object, replicas)))
      continue
    }
    const request = { replicas, currentReplicas, resourceVersion, dryRun }
    const wanted = await scaleTo(ctx, info, request)
    if (timeoutMs !== 0 && dryRun === 'none') await waitScaled(ctx, info, { replicas, timeoutMs })
    ctx.out(print(withReplicas(info.object, wanted)))
  }
  throwCollected(result.errors)
  return 0
}

/** As what has been scaled is printed; what has no replicas in its spec stays as it is. */
function withReplicas(object: KubeObject, replicas: number): KubeObject {
  if (!isObject(object.spec) || !('replicas' in object.spec)) return object
  return { ...object, spec: { ...object.spec, replicas } }
}
