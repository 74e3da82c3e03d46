// LimitRanger: gives containers the defaults of their namespace's LimitRanges and refuses what is out of range.
// Spec: https://kubernetes.io/docs/concepts/policy/limit-range/

import type { Container, LimitRange, LimitRangeItem, PersistentVolumeClaim, Pod } from '../../api/generated/core-v1.ts'
import type { DeepReadonly } from '../../machinery/deep-readonly.ts'
import { forbidden } from '../../machinery/errors.ts'
import { compareQuantities, parseQuantity, quantityMilli, quantityValue } from '../../machinery/quantity.ts'
import { podLimits, podRequests } from '../../machinery/quota/pod-resources.ts'
import { canonicalQuantity, type ResourceList } from '../../machinery/quota/resource-list.ts'
import type { Registry } from '../registry/registry.ts'
import { listPrefix } from '../registry/resource.ts'
import type { AdmissionAttributes, AdmissionPlugin } from './admission.ts'

type Item = DeepReadonly<LimitRangeItem>

/** Notes on a pod which of its numbers the namespace's ranges gave it. */
const ANNOTATION = 'kubernetes.io/limit-ranger'
/** Up to here ratios are compared in thousandths, beyond in whole units. */
const MAX_MILLI = BigInt(Number.MAX_SAFE_INTEGER) * 1_000_000n

export function limitRanger(registry: Registry): AdmissionPlugin {
  const ranges = registry.resource('', 'limitranges')

  async function itemsIn(namespace: string): Promise<readonly Item[]> {
    const cache = registry.openCache(ranges) ?? (await registry.cache(ranges))
    const items: Item[] = []
    for (const { object } of cache.entriesUnder(listPrefix(ranges, namespace))) {
      items.push(...((object as unknown as LimitRange).spec.limits ?? []))
    }
    return items
  }

  return {
    name: 'LimitRanger',
    admit: (attributes) => (limitedKind(attributes) === 'Pod' ? fillPod(attributes) : undefined),
    validate(attributes) {
      const kind = limitedKind(attributes)
      return kind && checkRanges(attributes, kind)
    },
  }

  async function fillPod({ object, namespace }: AdmissionAttributes): Promise<void> {
    applyContainerDefaults(object as unknown as Pod, await itemsIn(namespace))
  }

  async function checkRanges(attributes: AdmissionAttributes, kind: 'Pod' | 'Claim'): Promise<void> {
    const items = await itemsIn(attributes.namespace)
    if (items.length === 0) return
    const errors =
      kind === 'Pod'
        ? podProblems(attributes.object as unknown as Pod, items)
        : claimProblems(attributes.object as unknown as PersistentVolumeClaim, items)
    if (errors.length === 0) return
    const name = attributes.object?.metadata.name ?? attributes.name
    throw forbidden(attributes.resource, name, errors.length === 1 ? errors.join() : `[${errors.join(', ')}]`)
  }
}

/** What of the request is subject to ranges. Containers of a pod that exists change by `resize` only. */
function limitedKind({ operation, resource, subresource, old }: AdmissionAttributes): 'Pod' | 'Claim' | undefined {
  if (resource.group !== '' || (operation !== 'CREATE' && operation !== 'UPDATE')) return undefined
  if (old?.metadata.deletionTimestamp !== undefined) return undefined
  if (resource.resource === 'pods') {
    return subresource === (operation === 'CREATE' ? '' : 'resize') ? 'Pod' : undefined
  }
  return resource.resource === 'persistentvolumeclaims' && subresource === '' ? 'Claim' : undefined
}

/** Fills in what containers leave unsaid, and notes it on the pod. */
function applyContainerDefaults(pod: Pod, items: readonly Item[]): void {
  const own = items.filter((item) => item.type === 'Container')
  if (own.length === 0) return
  const requests: ResourceList = Object.assign({}, ...own.map((item) => item.defaultRequest))
  const limits: ResourceList = Object.assign({}, ...own.map((item) => item.default))
  const notes = [
    ...(pod.spec.containers ?? []).flatMap((c) => fillIn(c, 'container', requests, limits)),
    ...(pod.spec.initContainers ?? []).flatMap((c) => fillIn(c, 'init container', requests, limits)),
  ]
  if (notes.length === 0) return
  pod.metadata.annotations = {
    ...pod.metadata.annotations,
    [ANNOTATION]: `LimitRanger plugin set: ${notes.join('; ')}`,
  }
}

function fillIn(container: Container, what: string, requests: ResourceList, limits: ResourceList): string[] {
  const notes: string[] = []
  const resources = container.resources ?? {}
  for (const [kind, word, defaults] of [
    ['requests', 'request', requests],
    ['limits', 'limit', limits],
  ] as const) {
    const present = resources[kind] ?? {}
    const missing = Object.keys(defaults)
      .filter((name) => present[name] === undefined)
      .sort()
    if (missing.length === 0) continue
    resources[kind] = { ...defaults, ...present }
    notes.push(`${missing.join(', ')} ${word} for ${what} ${container.name}`)
  }
  if (notes.length > 0) container.resources = resources
  return notes
}

/** What is wrong with a pod, in upstream's words. */
export function podProblems(pod: DeepReadonly<Pod>, items: readonly Item[]): string[] {
  const containers: readonly DeepReadonly<Container>[] = [
    ...(pod.spec.containers ?? []),
    ...(pod.spec.initContainers ?? []),
  ]
  // What the runtime takes besides is not what somebody asked for.
  const { overhead: _, ...asked } = pod.spec
  return items.flatMap((item) => {
    if (item.type === 'Container') {
      return containers.flatMap(({ resources }) =>
        rangeProblems(item, resources?.requests ?? {}, resources?.limits ?? {}),
      )
    }
    return item.type === 'Pod' ? rangeProblems(item, podRequests(asked), podLimits(asked)) : []
  })
}

/** What is wrong with a claim: only what it requests counts. */
export function claimProblems(claim: DeepReadonly<PersistentVolumeClaim>, items: readonly Item[]): string[] {
  const requests = claim.spec.resources?.requests ?? {}
  return items
    .filter((item) => item.type === 'PersistentVolumeClaim')
    .flatMap((item) => [
      ...each(item.min, (name, bound) => belowMinimum(usageOf(item, name, bound), requests[name], undefined)),
      ...each(item.max, (name, bound) => {
        const usage = `maximum ${usageOf(item, name, bound).text}`
        const request = requests[name]
        if (request === undefined) return `${usage}.  No request is specified`
        if (compareQuantities(request, bound) > 0) return `${usage}, but request is ${canonicalQuantity(request)}`
        return undefined
      }),
    ])
}

function each(bounds: ResourceList = {}, judge: (name: string, bound: string) => string | undefined): string[] {
  return Object.keys(bounds)
    .sort()
    .flatMap((name) => judge(name, bounds[name] ?? '0') ?? [])
}

interface Usage {
  readonly bound: string
  readonly text: string
}

function usageOf(item: Item, name: string, bound: string): Usage {
  return { bound, text: `${name} usage per ${item.type} is ${canonicalQuantity(bound)}` }
}

function rangeProblems(item: Item, requests: ResourceList, limits: ResourceList): string[] {
  return [
    ...each(item.min, (name, bound) => belowMinimum(usageOf(item, name, bound), requests[name], limits[name])),
    ...each(item.max, (name, bound) => aboveMaximum(usageOf(item, name, bound), requests[name], limits[name])),
    ...each(item.maxLimitRequestRatio, (name, bound) => {
      const problem = ratioProblem(bound, requests[name], limits[name])
      return (
        problem && `${name} max limit to request ratio per ${item.type} is ${canonicalQuantity(bound)}, but ${problem}`
      )
    }),
  ]
}

function belowMinimum({ bound, text }: Usage, request?: string, limit?: string): string | undefined {
  const usage = `minimum ${text}`
  if (request === undefined) return `${usage}.  No request is specified`
  if (compareQuantities(request, bound) < 0) return `${usage}, but request is ${canonicalQuantity(request)}`
  if (limit !== undefined && compareQuantities(limit, bound) < 0) {
    return `${usage}, but limit is ${canonicalQuantity(limit)}`
  }
  return undefined
}

function aboveMaximum({ bound, text }: Usage, request?: string, limit?: string): string | undefined {
  const usage = `maximum ${text}`
  if (limit === undefined) return `${usage}.  No limit is specified`
  if (compareQuantities(limit, bound) > 0) return `${usage}, but limit is ${canonicalQuantity(limit)}`
  if (request !== undefined && compareQuantities(request, bound) > 0) {
    return `${usage}, but request is ${canonicalQuantity(request)}`
  }
  return undefined
}

function ratioProblem(bound: string, request?: string, limit?: string): string | undefined {
  if (request === undefined || compareQuantities(request, '0') === 0) {
    return 'no request is specified or request is 0'
  }
  if (limit === undefined || compareQuantities(limit, '0') === 0) return 'no limit is specified or limit is 0'
  const small = [request, limit].every((text) => (parseQuantity(text)?.nanos ?? 0n) <= MAX_MILLI)
  const read = small ? quantityMilli : quantityValue
  const ratio = read(limit) / read(request)
  return ratio > quantityMilli(bound) / 1000 ? `provided ratio is ${ratio.toFixed(6)}` : undefined
}
