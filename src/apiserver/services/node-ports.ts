// Node ports, and the ports at which load balancers ask for health: one number is one service's.
// Model: k8s.io/kubernetes/pkg/registry/core/service/{portallocator,storage/alloc.go}.

import type { Service, ServiceSpec } from '../../api/generated/core-v1.ts'
import { type FieldError, field, internalError } from '../../machinery/errors.ts'
import type { Random } from '../../machinery/random.ts'
import { type AllocatorFigures, newCounts } from '../metrics/allocators.ts'

export interface PortRange {
  readonly from: number
  readonly to: number
}

/** Thrown for what the client asked for and cannot have. */
export class PortRefused extends Error {
  readonly problem: FieldError
  constructor(problem: FieldError) {
    super(problem.message)
    this.problem = problem
  }
}

const LEAST = 16
const MOST = 128
const STEP = 32

/** How many ports at the beginning of the range are left to those that are picked by hand. */
function lowerSize(size: number): number {
  return size <= LEAST ? 0 : Math.min(Math.max(LEAST, Math.floor(size / STEP)), MOST)
}

export class NodePorts {
  readonly #range: PortRange
  readonly #random: Random
  readonly #taken = new Set<number>()
  readonly #counts = newCounts()

  constructor(range: PortRange, random: Random) {
    this.#range = range
    this.#random = random
  }

  /** Notes the ports of a service that is there already. */
  note(service: Service): void {
    for (const port of portsOf(service.spec)) this.#taken.add(port)
  }

  get figures(): AllocatorFigures['ports'] {
    const { from, to } = this.#range
    const allocated = this.#taken.size
    return { allocated, available: to - from + 1 - allocated, counts: this.#counts }
  }

  release(ports: Iterable<number>): void {
    for (const port of ports) this.#taken.delete(port)
  }

  /** Gives the service the ports that it needs. The result says what was taken; throws PortRefused. */
  assign(service: Service, old: Service | undefined): readonly number[] {
    const { spec } = service
    const held = new Set(old ? portsOf(old.spec) : [])
    const taken: number[] = []
    const take = (port: number) => {
      this.#taken.add(port)
      taken.push(port)
    }
    try {
      if (hasNodePorts(spec)) this.#assignPorts(spec, held, take)
      if (needsHealthPort(spec)) this.#assignHealthPort(spec, held, take)
    } catch (error) {
      this.release(taken)
      throw error
    }
    return taken
  }

  #assignPorts(spec: ServiceSpec, held: ReadonlySet<number>, take: (port: number) => void): void {
    const allocates = spec.type === 'NodePort' || spec.allocateLoadBalancerNodePorts !== false
    const byPort = new Map<number, number>()
    for (const [i, port] of (spec.ports ?? []).entries()) {
      if (!port.nodePort && !allocates) continue
      const shared = byPort.get(port.port)
      // The same port of several protocols has one node port, whichever of them asks for it.
      const wanted =
        port.nodePort || shared || (spec.ports ?? []).find((p) => p.port === port.port && p.nodePort)?.nodePort
      port.nodePort = wanted ?? this.#next('failed to allocate a nodePort')
      if (port.nodePort === shared) continue
      if (wanted === undefined || !held.has(wanted)) {
        if (wanted !== undefined) this.#check(wanted, `spec.ports[${i}].nodePort`)
        this.#counts[wanted === undefined ? 'dynamic' : 'static'] += 1
        take(port.nodePort)
      }
      if (shared === undefined) byPort.set(port.port, port.nodePort)
    }
  }

  #assignHealthPort(spec: ServiceSpec, held: ReadonlySet<number>, take: (port: number) => void): void {
    const wanted = spec.healthCheckNodePort
    if (wanted && held.has(wanted)) return
    if (wanted) {
      const problem = this.#problemOf(wanted)
      if (problem) throw internalError(`failed to allocate requested HealthCheck NodePort ${wanted}: ${problem}`)
    } else spec.healthCheckNodePort = this.#next('failed to allocate a HealthCheck NodePort 0')
    take(spec.healthCheckNodePort ?? 0)
  }

  #check(port: number, path: string): void {
    const problem = this.#problemOf(port)
    if (!problem) return
    this.#counts.staticErrors += 1
    throw new PortRefused(field.invalid(path, port, problem))
  }

  #problemOf(port: number): string | undefined {
    const { from, to } = this.#range
    if (port < from || port > to) {
      return `provided port is not in the valid range. The range of valid ports is ${from}-${to}`
    }
    return this.#taken.has(port) ? 'provided port is already allocated' : undefined
  }

  #next(what: string): number {
    const { from, to } = this.#range
    const size = to - from + 1
    const lower = lowerSize(size)
    const free = this.#search(from + lower, to) ?? this.#search(from, from + lower - 1)
    if (free === undefined) this.#counts.dynamicErrors += 1
    if (free === undefined) throw internalError(`${what}: range is full`)
    return free
  }

  #search(from: number, to: number): number | undefined {
    const size = to - from + 1
    const start = Math.floor(this.#random.next() * size)
    for (let i = 0; i < size; i++) {
      const port = from + ((start + i) % size)
      if (!this.#taken.has(port)) return port
    }
    return undefined
  }
}

/** All ports that a service holds. */
export function portsOf(spec: ServiceSpec): number[] {
  const nodePorts = (spec.ports ?? []).flatMap(({ nodePort }) => (nodePort ? [nodePort] : []))
  return needsHealthPort(spec) && spec.healthCheckNodePort ? [...nodePorts, spec.healthCheckNodePort] : nodePorts
}

const hasNodePorts = ({ type }: ServiceSpec) => type === 'NodePort' || type === 'LoadBalancer'

function needsHealthPort({ type, externalTrafficPolicy }: ServiceSpec): boolean {
  return type === 'LoadBalancer' && externalTrafficPolicy === 'Local'
}
