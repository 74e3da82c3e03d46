// kubectl autoscale: makes a horizontal pod autoscaler for an object.
// Model: k8s.io/kubectl/pkg/cmd/autoscale/autoscale.go.

import type { KubectlCommand, KubectlContext } from '../command.ts'
import { groupVersionOf } from '../discovery/mapper.ts'
import { KubectlError } from '../errors.ts'
import { createMade } from '../generators/made.ts'
import type { KubeObject } from '../object.ts'
import { printFlags } from '../printers/print-flags.ts'
import { buildResources, type Info } from '../resources/builder.ts'
import { filenameFlags, filenameOptions } from '../resources/flags.ts'
import { dryRunFlag, dryRunOf, fieldManagerFlag, recordFlag, resultPrinter, saveConfigFlag } from '../write/flags.ts'
import { eachInfo } from '../write/objects.ts'

const SCALABLE = new Set(['ReplicationController', 'Deployment', 'ReplicaSet', 'StatefulSet'])

export const autoscale: KubectlCommand = {
  name: 'autoscale',
  usage: '(-f FILENAME | TYPE NAME | TYPE/NAME) [--min=MINPODS] --max=MAXPODS [--cpu=CPU] [--memory=MEMORY] [options]',
  short: 'Auto-scale a deployment, replica set, stateful set, or replication controller',
  flags: [
    ...printFlags(),
    ...filenameFlags('identifying the resource to autoscale.'),
    dryRunFlag,
    recordFlag,
    saveConfigFlag,
    fieldManagerFlag('kubectl-autoscale'),
    {
      name: 'min',
      type: 'int',
      fallback: '-1',
      description:
        "The lower limit for the number of pods that can be set by the autoscaler. If it's not specified or negative, the server will apply a default value.",
    },
    {
      name: 'max',
      type: 'int',
      fallback: '-1',
      description: 'The upper limit for the number of pods that can be set by the autoscaler. Required.',
    },
    {
      name: 'cpu-percent',
      type: 'int',
      fallback: '-1',
      description:
        "The target average CPU utilization (represented as a percent of requested CPU) over all the pods. If it's not specified or negative, a default autoscaling policy will be used.",
    },
    {
      name: 'cpu',
      type: 'string',
      description:
        'Target CPU utilization over all the pods. When specified as a percentage (e.g."70%" for 70% of requested CPU) it will target average utilization. When specified as quantity (e.g."500m" for 500 milliCPU) it will target average value.',
    },
    {
      name: 'memory',
      type: 'string',
      description:
        'Target memory utilization over all the pods. When specified as a percentage (e.g."60%" for 60% of requested memory) it will target average utilization. When specified as quantity (e.g."200Mi" for 200 MiB) it will target average value.',
    },
    {
      name: 'name',
      type: 'string',
      description:
        'The name for the newly created object. If not specified, the name of the input resource will be used.',
    },
  ],
  async run({ args }, ctx) {
    const { flags } = ctx
    const dryRun = dryRunOf(ctx)
    if (!flags.changed('max')) throw new KubectlError('required flag(s) "max" not set')
    if (flags.changed('cpu-percent')) {
      ctx.err(
        "Flag --cpu-percent has been deprecated, Use --cpu with percentage or resource quantity format (e.g., '70%' for utilization or '500m' for milliCPU).\n",
      )
    }
    const [min, max] = [flags.int('min'), flags.int('max')]
    if (max < 1) throw new KubectlError(`--max=MAXPODS is required and must be at least 1, max: ${max}`)
    if (max < min)
      throw new KubectlError(`--max=MAXPODS must be larger or equal to --min=MINPODS, max: ${max}, min: ${min}`)
    const print = await resultPrinter(ctx, 'autoscaled', dryRun)
    const { namespace, explicit } = ctx.namespace()
    const result = await buildResources(ctx, {
      args,
      files: filenameOptions(flags),
      namespace,
      enforceNamespace: explicit,
    })
    await eachInfo(result, async (info) => ctx.out(print(await createMade(ctx, autoscalerOf(ctx, info)))))
    return 0
  },
}

function autoscalerOf({ flags }: KubectlContext, { mapping, name }: Info): KubeObject {
  if (!SCALABLE.has(mapping.kind)) {
    throw new KubectlError(
      `cannot autoscale a ${mapping.kind}${mapping.group === '' ? '' : `.${mapping.group}`}: kind not recognized`,
    )
  }
  const percent = flags.int('cpu-percent')
  const metrics = [
    ...metric('cpu', flags.string('cpu') || (percent > 0 ? `${percent}%` : '')),
    ...metric('memory', flags.string('memory') ?? ''),
  ]
  const min = flags.int('min')
  return {
    apiVersion: 'autoscaling/v2',
    kind: 'HorizontalPodAutoscaler',
    metadata: { name: flags.string('name') || name },
    spec: {
      maxReplicas: flags.int('max'),
      ...(metrics.length > 0 ? { metrics } : {}),
      ...(min >= 0 ? { minReplicas: min } : {}),
      scaleTargetRef: { apiVersion: groupVersionOf(mapping), kind: mapping.kind, name },
    },
    status: { currentMetrics: null, desiredReplicas: 0 },
  }
}

function metric(name: string, target: string): object[] {
  if (target === '') return []
  const percent = /^(\d+)%$/.exec(target)
  const value = percent
    ? { averageUtilization: Number(percent[1]), type: 'Utilization' }
    : { averageValue: target, type: 'AverageValue' }
  return [{ resource: { name, target: value }, type: 'Resource' }]
}
