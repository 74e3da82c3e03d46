// Namespaces, resource quotas and limit ranges.

import type { LimitRange, Namespace, ResourceQuota } from '../../api/generated/core-v1.ts'
import { isReason } from '../../machinery/errors.ts'
import { compareBytes } from '../../machinery/go/value.ts'
import { formatQuantity, parseQuantity, quantityValue } from '../../machinery/quantity.ts'
import { as, type DescribeContext, type Describer, listOf } from './describer.ts'
import { printConditionTable, printLabelsAndAnnotations, printName, quantityText, sortedKeys } from './format.ts'
import type { PrefixWriter } from './writer.ts'

const SCOPE_HELP: Readonly<Record<string, string>> = {
  Terminating:
    'Matches all pods that have an active deadline. These pods have a limited lifespan on a node before being actively terminated by the system.',
  NotTerminating:
    'Matches all pods that do not have an active deadline. These pods usually include long running pods whose container command is not expected to terminate.',
  BestEffort:
    'Matches all pods that do not have resource requirements set. These pods have a best effort quality of service.',
  NotBestEffort:
    'Matches all pods that have at least one resource requirement set. These pods have a burstable or guaranteed quality of service.',
}

export const describeNamespace: Describer = async (object, w, context) => {
  const { metadata, status } = as<Namespace>(object)
  const quotas = await itemsIfServed<ResourceQuota>(context, 'resourcequotas', metadata.name)
  const ranges = await itemsIfServed<LimitRange>(context, 'limitranges', metadata.name)
  printName(w, metadata, false)
  printLabelsAndAnnotations(w, metadata)
  w.line(0, `Status:\t${status.phase ?? ''}`)
  if (status.conditions?.length) printConditionTable(w, status.conditions)
  if (quotas) {
    w.write(0, '\n')
    printQuotas(w, quotas)
  }
  if (ranges) {
    w.write(0, '\n')
    printRanges(w, ranges)
  }
}

async function itemsIfServed<T>(context: DescribeContext, resource: string, namespace: string) {
  try {
    return await listOf<T>(context.reader, { apiVersion: 'v1', resource, namespace })
  } catch (error) {
    if (isReason(error, 'NotFound')) return undefined
    throw error
  }
}

function printQuotas(w: PrefixWriter, quotas: readonly ResourceQuota[]): void {
  if (quotas.length === 0) return w.line(0, 'No resource quota.')
  w.line(0, 'Resource Quotas')
  for (const quota of [...quotas].sort((a, b) => compareBytes(a.metadata.name, b.metadata.name))) {
    w.line(1, `Name:\t${quota.metadata.name}`)
    printScopes(w, quota, { level: 1, mark: '* ' })
    w.line(1, 'Resource\tUsed\tHard')
    w.line(1, '--------\t---\t---')
    const { hard, used } = quota.status
    for (const name of sortedKeys(hard))
      w.line(1, `${name}\t${quantityText(used?.[name])}\t${quantityText(hard?.[name])}`)
  }
}

function printScopes(w: PrefixWriter, quota: ResourceQuota, { level, mark }: { level: number; mark: string }): void {
  const scopes = [...(quota.spec.scopes ?? [])].sort(compareBytes)
  if (scopes.length === 0) return
  w.line(level, `Scopes:\t${scopes.join(', ')}`)
  for (const scope of scopes) {
    const help = SCOPE_HELP[scope]
    if (help) w.line(level, `${mark}${help}`)
  }
}

function printRanges(w: PrefixWriter, ranges: readonly LimitRange[]): void {
  if (ranges.length === 0) return w.line(0, 'No LimitRange resource.')
  w.line(0, 'Resource Limits\n Type\tResource\tMin\tMax\tDefault Request\tDefault Limit\tMax Limit/Request Ratio')
  w.line(0, ' ----\t--------\t---\t---\t---------------\t-------------\t-----------------------')
  for (const range of ranges) printLimits(w, range, ' ')
}

function printLimits(w: PrefixWriter, { spec }: LimitRange, prefix: string): void {
  for (const limit of spec.limits ?? []) {
    const lists = [limit.min, limit.max, limit.defaultRequest, limit.default, limit.maxLimitRequestRatio]
    for (const name of sortedKeys(Object.assign({}, ...lists))) {
      const cells = lists.map((list) => (list?.[name] === undefined ? '-' : quantityText(list[name])))
      w.line(0, `${prefix}${limit.type}\t${name}\t${cells.join('\t')}`)
    }
  }
}

export const describeLimitRange: Describer = (object, w) => {
  const range = as<LimitRange>(object)
  printName(w, range.metadata)
  w.line(0, 'Type\tResource\tMin\tMax\tDefault Request\tDefault Limit\tMax Limit/Request Ratio')
  w.line(0, '----\t--------\t---\t---\t---------------\t-------------\t-----------------------')
  printLimits(w, range, '')
}

export const describeResourceQuota: Describer = (object, w) => {
  const quota = as<ResourceQuota>(object)
  printName(w, quota.metadata)
  printScopes(w, quota, { level: 0, mark: ' * ' })
  w.line(0, 'Resource\tUsed\tHard')
  w.line(0, '--------\t----\t----')
  const { hard, used } = quota.status
  for (const name of sortedKeys(hard)) {
    w.line(0, `${name}\t${inFormatOf(used?.[name], hard?.[name])}\t${quantityText(hard?.[name])}`)
  }
}

/** What is used, written the way the limit is written. */
function inFormatOf(used = '0', hard = '0'): string {
  const format = parseQuantity(hard)?.format
  const own = parseQuantity(used)
  if (!format || !own || own.format === format) return quantityText(used)
  return formatQuantity({ nanos: BigInt(quantityValue(used)) * 1_000_000_000n, format })
}
