// Keeps the ServiceCIDR `kubernetes`, the ranges that the cluster was set up with.
// Model: k8s.io/kubernetes/pkg/controlplane/controller/defaultservicecidr.

import type { ServiceCIDR } from '../../api/generated/networking-v1.ts'
import { servicecidrs } from '../../api/generated/resources.ts'
import type { Client } from '../../client/client.ts'
import type { EventRecorder } from '../../client/event-recorder.ts'
import { Workqueue } from '../../client/workqueue.ts'
import { formatTime } from '../../machinery/clock.ts'
import type { DeepReadonly } from '../../machinery/deep-readonly.ts'
import { isReason } from '../../machinery/errors.ts'
import type { Logger } from '../../machinery/logger.ts'
import { sameJson } from '../../machinery/same-json.ts'
import type { Registry } from '../registry/registry.ts'
import { keyOf } from '../registry/resource.ts'

const NAME = 'kubernetes'
const MANAGER = 'kubernetes-service-cidr-controller'
const FAILED = 'KubernetesDefaultServiceCIDRError'

export interface DefaultRangeOptions {
  readonly registry: Registry
  readonly client: Client
  readonly events: EventRecorder
  readonly log: Logger
  readonly serviceCidrs: readonly string[]
}

/** Makes the object if need be, and again whenever it goes. Resolves once it is there; the function that it gives ends it. */
export async function keepDefaultRange(options: DefaultRangeOptions): Promise<() => void> {
  const { registry, log } = options
  const resource = registry.resource('networking.k8s.io', 'servicecidrs')
  const cache = await registry.cache(resource)
  const key = keyOf(resource, '', NAME)
  const told = new Set<string>()
  const current = () => cache.get(key)?.object as unknown as DeepReadonly<ServiceCIDR> | undefined
  await sync(options, current(), told)
  const queue = new Workqueue({ name: MANAGER, clock: registry.clock, log })
  const unfollow = cache.follow(cache.revision, ({ entry }) => {
    if (entry.key === key) queue.add(NAME)
  })
  const stop = new AbortController()
  const running = queue.run(1, () => sync(options, current(), told), stop.signal)
  running.catch((error) => log.error('default-service-cidr-not-kept', { error }))
  return () => {
    stop.abort()
    unfollow()
  }
}

async function sync(
  options: DefaultRangeOptions,
  current: DeepReadonly<ServiceCIDR> | undefined,
  told: Set<string>,
): Promise<void> {
  const { client, serviceCidrs: cidrs } = options
  if (!current) {
    try {
      await setStatus(
        options,
        await client.create(servicecidrs, { metadata: { name: NAME }, spec: { cidrs: [...cidrs] } }),
      )
    } catch (error) {
      if (!isReason(error, 'AlreadyExists')) throw error
    }
    return
  }
  const [first] = current.spec.cidrs ?? []
  if (cidrs.length === 2 && current.spec.cidrs?.length === 1 && first === cidrs[0]) return upgrade(options, current)
  if (current.metadata.deletionTimestamp) return
  if (!sameJson(current.spec.cidrs, cidrs)) return tellOnce(options, current, told)
  const ready = current.status.conditions?.find(({ type }) => type === 'Ready')
  if (!ready || ready.status === 'Unknown') return setStatus(options, current)
  if (ready.status === 'False' && !told.has('not-ready')) {
    told.add('not-ready')
    options.events.event(current, 'Warning', ready.reason, `Configuration matches, but ${ready.message}`)
  }
}

/** A second family may be added later. */
async function upgrade(
  { client, events, serviceCidrs: cidrs }: DefaultRangeOptions,
  current: DeepReadonly<ServiceCIDR>,
): Promise<void> {
  try {
    await client.update(servicecidrs, { ...current, spec: { ...current.spec, cidrs: [...cidrs] } })
  } catch (error) {
    if (isReason(error, 'Conflict')) throw error
    const why = error instanceof Error ? error.message : String(error)
    const message = `The default ServiceCIDR can not be upgraded from ${cidrs[0]} to dual stack [${cidrs.join(' ')}] : ${why}`
    events.event(current, 'Warning', FAILED, message)
  }
}

function tellOnce(
  { events, log, serviceCidrs: cidrs }: DefaultRangeOptions,
  current: DeepReadonly<ServiceCIDR>,
  told: Set<string>,
): void {
  if (told.has('mismatch')) return
  told.add('mismatch')
  const [is, wanted] = [current.spec.cidrs ?? [], cidrs].map((list) => `[${list.join(' ')}]`)
  log.warn('default-service-cidr-inconsistent', { is, wanted })
  const message = `The default ServiceCIDR ${is} does not match the controller flag configurations ${wanted}`
  events.event(current, 'Warning', 'KubernetesDefaultServiceCIDRInconsistent', message)
}

async function setStatus(
  { registry, client, events }: DefaultRangeOptions,
  current: DeepReadonly<ServiceCIDR>,
): Promise<void> {
  const condition = {
    ...{ type: 'Ready', status: 'True', message: 'Kubernetes default Service CIDR is ready' },
    lastTransitionTime: formatTime(registry.clock.now()),
  }
  try {
    await client.patch(
      servicecidrs,
      { name: NAME },
      {
        type: 'apply',
        patch: { status: { conditions: [condition] } },
        subresource: 'status',
        fieldManager: MANAGER,
      },
    )
  } catch (error) {
    events.event(current, 'Warning', FAILED, 'The default ServiceCIDR Status can not be set to Ready=True')
    throw error
  }
}
