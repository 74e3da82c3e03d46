// What pods ask of a node: requests and limits of their containers added up.

import type { Container, ContainerStatus, Pod } from '../../api/generated/core-v1.ts'
import { formatQuantity, parseQuantity, type Quantity } from '../../machinery/quantity.ts'

/** Amounts by resource name. */
export type Amounts = ReadonlyMap<string, Quantity>
type List = Readonly<Record<string, string>> | undefined
type Totals = Map<string, Quantity>

const ZERO: Quantity = { nanos: 0n, format: 'DecimalSI' }
const NANO = 1_000_000_000n

/** A quantity, zero for an absent one. */
export function amountOf(amounts: Amounts, name: string): Quantity {
  return amounts.get(name) ?? ZERO
}

/** The canonical text of an amount. */
export function amountText(amounts: Amounts, name: string): string {
  return formatQuantity(amountOf(amounts, name))
}

/** Thousandths for cpu, whole units for anything else, rounded up. */
export function measure(quantity: Quantity, name: string): number {
  const unit = name === 'cpu' ? NANO / 1000n : NANO
  return Number((quantity.nanos + unit - 1n) / unit)
}

/** The amounts a list names. */
export function amountsOf(list: List): Totals {
  const amounts: Totals = new Map()
  for (const [name, text] of Object.entries(list ?? {})) {
    const quantity = parseQuantity(text)
    if (quantity) amounts.set(name, quantity)
  }
  return amounts
}

/** Adds amounts to a total. */
export function addAmounts(total: Totals, more: Amounts): void {
  for (const [name, quantity] of more) {
    const known = total.get(name)
    if (known === undefined || known.nanos === 0n) total.set(name, quantity)
    else total.set(name, { nanos: known.nanos + quantity.nanos, format: known.format })
  }
}

function raiseAmounts(total: Totals, other: Amounts): void {
  for (const [name, quantity] of other) {
    const known = total.get(name)
    if (known === undefined || quantity.nanos > known.nanos) total.set(name, quantity)
  }
}

/** Requests of a pod: the larger of its containers together and its largest init container, and the overhead. */
export function podRequests(pod: Pod): Totals {
  const statuses = new Map<string, ContainerStatus>()
  for (const status of [...(pod.status.containerStatuses ?? []), ...(pod.status.initContainerStatuses ?? [])]) {
    statuses.set(status.name, status)
  }
  const total = sumContainers(pod, (container) => {
    const status = statuses.get(container.name)
    const stays = container.restartPolicy === 'Always' || pod.spec.containers.includes(container)
    if (!status?.resources || !stays) return amountsOf(container.resources?.requests)
    return actualRequests(pod, container, status)
  })
  addAmounts(total, amountsOf(pod.spec.overhead))
  return total
}

/** While a container is being resized it counts with the larger of what it has and what it asks. */
function actualRequests(pod: Pod, container: Container, status: ContainerStatus): Totals {
  const infeasible = (pod.status.conditions ?? []).some(
    (condition) => condition.type === 'PodResizePending' && condition.reason === 'Infeasible',
  )
  const amounts = infeasible ? new Map<string, Quantity>() : amountsOf(container.resources?.requests)
  raiseAmounts(amounts, amountsOf(status.resources?.requests))
  raiseAmounts(amounts, amountsOf(status.allocatedResources))
  return amounts
}

/** Limits of a pod; overhead counts only where there is a limit. */
export function podLimits(pod: Pod): Totals {
  const total = sumContainers(pod, (container) => amountsOf(container.resources?.limits))
  for (const [name, quantity] of amountsOf(pod.spec.overhead)) {
    if (amountOf(total, name).nanos !== 0n) addAmounts(total, new Map([[name, quantity]]))
  }
  return total
}

function sumContainers(pod: Pod, amounts: (container: Container) => Amounts): Totals {
  const total: Totals = new Map()
  for (const container of pod.spec.containers) addAmounts(total, amounts(container))
  const sidecars: Totals = new Map()
  const starting: Totals = new Map()
  for (const container of pod.spec.initContainers ?? []) {
    const own = amounts(container)
    if (container.restartPolicy === 'Always') {
      addAmounts(total, own)
      addAmounts(sidecars, own)
      raiseAmounts(starting, sidecars)
    } else {
      const together = new Map(own)
      addAmounts(together, sidecars)
      raiseAmounts(starting, together)
    }
  }
  raiseAmounts(total, starting)
  return total
}
