// Horizontal pod autoscalers.

import type { HorizontalPodAutoscaler as AutoscalerV1 } from '../../api/generated/autoscaling-v1.ts'
import type {
  HorizontalPodAutoscaler,
  HPAScalingRules,
  MetricSpec,
  MetricStatus,
} from '../../api/generated/autoscaling-v2.ts'
import { StatusError } from '../../machinery/errors.ts'
import { quote } from '../../machinery/go/format.ts'
import type { KubeObject } from '../object.ts'
import { as, type DescribeContext, type Describer } from './describer.ts'
import { printEvents, subjectOf } from './events.ts'
import { dateText, printLabelsAndAnnotations, printName, quantityText } from './format.ts'
import type { PrefixWriter } from './writer.ts'

const UNKNOWN = '<unknown>'

export const describeAutoscaler: Describer = async (object, w, context) => {
  const newest = object.apiVersion === 'autoscaling/v2' ? object : await asVersion2(context, object)
  if (newest) describeVersion2(as<HorizontalPodAutoscaler>(newest), w)
  else describeVersion1(as<AutoscalerV1>(object), w)
  await printEvents(w, context, subjectOf(newest ?? object))
}

/** The object in the version that shows all of it; undefined where the server has only the old one. */
async function asVersion2({ reader }: DescribeContext, object: KubeObject): Promise<KubeObject | undefined> {
  const { name = '', namespace } = object.metadata ?? {}
  const path = { apiVersion: 'autoscaling/v2', resource: 'horizontalpodautoscalers', namespace, name }
  try {
    return await reader.get(path)
  } catch (error) {
    if (error instanceof StatusError) return undefined
    throw error
  }
}

function printHead(w: PrefixWriter, { metadata, spec }: Pick<AutoscalerV1, 'metadata' | 'spec'>): void {
  printName(w, metadata)
  printLabelsAndAnnotations(w, metadata)
  w.line(0, `CreationTimestamp:\t${dateText(metadata.creationTimestamp)}`)
  w.line(0, `Reference:\t${spec.scaleTargetRef.kind}/${spec.scaleTargetRef.name}`)
}

function printReplicas(w: PrefixWriter, { spec, status }: Pick<AutoscalerV1, 'spec' | 'status'>): void {
  const counts = `${status.currentReplicas ?? 0} current / ${status.desiredReplicas ?? 0} desired`
  w.line(0, `${spec.scaleTargetRef.kind} pods:\t${counts}`)
}

function describeVersion1(scaler: AutoscalerV1, w: PrefixWriter): void {
  const { spec, status } = scaler
  printHead(w, scaler)
  if (spec.targetCPUUtilizationPercentage !== undefined) {
    w.line(0, `Target CPU utilization:\t${spec.targetCPUUtilizationPercentage}%`)
    w.line(0, `Current CPU utilization:\t${status.currentCPUUtilizationPercentage ?? UNKNOWN}%`)
  }
  w.line(0, `Min replicas:\t${spec.minReplicas ?? '<unset>'}`)
  w.line(0, `Max replicas:\t${spec.maxReplicas}`)
  printReplicas(w, scaler)
}

function describeVersion2(scaler: HorizontalPodAutoscaler, w: PrefixWriter): void {
  const { spec, status } = scaler
  printHead(w, scaler as unknown as AutoscalerV1)
  w.line(0, 'Metrics:\t( current / target )')
  for (const [i, metric] of (spec.metrics ?? []).entries()) w.line(1, metricText(metric, status.currentMetrics?.[i]))
  w.line(0, `Min replicas:\t${spec.minReplicas ?? '<unset>'}`)
  w.line(0, `Max replicas:\t${spec.maxReplicas}`)
  if (spec.behavior) {
    w.line(0, 'Behavior:')
    printBehavior(w, 'Scale Up', spec.behavior.scaleUp)
    printBehavior(w, 'Scale Down', spec.behavior.scaleDown)
  }
  printReplicas(w, scaler as unknown as AutoscalerV1)
  const conditions = status.conditions ?? []
  if (conditions.length > 0) {
    w.line(0, 'Conditions:')
    w.line(1, 'Type\tStatus\tReason\tMessage')
    w.line(1, '----\t------\t------\t-------')
  }
  for (const c of conditions) w.line(1, `${c.type}\t${c.status}\t${c.reason ?? ''}\t${c.message ?? ''}`)
}

function metricText(metric: MetricSpec, status: MetricStatus | undefined): string {
  switch (metric.type) {
    case 'External': {
      const { metric: identifier, target } = metric.external ?? {}
      const current = status?.external?.current
      const name = quote(identifier?.name ?? '')
      if (target?.averageValue !== undefined) {
        return `${name} (target average value):\t${known(current?.averageValue)} / ${quantityText(target.averageValue)}`
      }
      return `${name} (target value):\t${current ? quantityText(current.value) : UNKNOWN} / ${quantityText(target?.value)}`
    }
    case 'Pods': {
      const current = status?.pods && quantityText(status.pods.current?.averageValue)
      const target = quantityText(metric.pods?.target?.averageValue)
      return `${quote(metric.pods?.metric?.name ?? '')} on pods:\t${current ?? UNKNOWN} / ${target}`
    }
    case 'Object':
      return objectText(metric, status)
    case 'Resource':
      return `resource ${metric.resource?.name} on pods${usageText(metric.resource?.target, status?.resource?.current)}`
    case 'ContainerResource': {
      const { name, container, target } = metric.containerResource ?? {}
      return `resource ${name} of container "${container}" on pods${usageText(target, status?.containerResource?.current)}`
    }
    default:
      return `<unknown metric type ${quote(metric.type)}>`
  }
}

function known(value: string | undefined): string {
  return value === undefined ? UNKNOWN : quantityText(value)
}

function objectText({ object }: MetricSpec, status: MetricStatus | undefined): string {
  const { kind, name } = object?.describedObject ?? {}
  const title = `"${object?.metric?.name}" on ${kind}/${name} `
  const current = status?.object?.current
  if (object?.target?.type === 'AverageValue') {
    const value = current ? quantityText(current.averageValue) : UNKNOWN
    return `${title}(target average value):\t${value} / ${quantityText(object.target.averageValue)}`
  }
  const value = current ? quantityText(current.value) : UNKNOWN
  return `${title}(target value):\t${value} / ${quantityText(object?.target?.value)}`
}

interface Usage {
  readonly averageValue?: string
  readonly averageUtilization?: number
}

function usageText(target: Usage | undefined, current: Usage | undefined): string {
  if (target?.averageValue !== undefined) {
    const value = current ? quantityText(current.averageValue) : UNKNOWN
    return `:\t${value} / ${quantityText(target.averageValue)}`
  }
  const percent = current?.averageUtilization
  const value = percent === undefined ? UNKNOWN : `${percent}% (${quantityText(current?.averageValue)})`
  const wanted = target?.averageUtilization === undefined ? '<auto>' : `${target.averageUtilization}%`
  return `  (as a percentage of request):\t${value} / ${wanted}`
}

function printBehavior(w: PrefixWriter, direction: string, rules: HPAScalingRules | undefined): void {
  if (!rules) return
  w.line(1, `${direction}:`)
  if (rules.stabilizationWindowSeconds !== undefined) {
    w.line(2, `Stabilization Window: ${rules.stabilizationWindowSeconds} seconds`)
  }
  if (!rules.policies?.length) return
  w.line(2, `Select Policy: ${rules.selectPolicy ?? 'Max'}`)
  w.line(2, 'Policies:')
  for (const { type, value, periodSeconds } of rules.policies) {
    w.line(3, `- Type: ${type}\tValue: ${value}\tPeriod: ${periodSeconds} seconds`)
  }
}
