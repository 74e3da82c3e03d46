// Priority and fairness: puts each request into the flow and priority level that schemas give it, and follows their
// configuration. Spec: https://kubernetes.io/docs/concepts/cluster-administration/flow-control/

import type {
  FlowSchema,
  FlowSchemaSpec,
  PriorityLevelConfiguration,
  PriorityLevelConfigurationSpec,
} from '../../api/generated/flowcontrol-v1.ts'
import type { Clock } from '../../machinery/clock.ts'
import type { DeepReadonly } from '../../machinery/deep-readonly.ts'
import type { RequestInfo } from '../http/request-info.ts'
import type { Registry } from '../registry/registry.ts'
import type { UserInfo } from '../user.ts'
import { flowSchemas, priorityLevels } from './bootstrap-objects.ts'
import { distinguisherOf, type FlowSchemaEntry, inPrecedence, matches } from './classify.ts'
import { type FlowFigures, type FlowObserver, SchemaFigures } from './figures.ts'
import { FlowRejection, PriorityLevel, type SeatPool } from './level.ts'

/** A request that may be served. */
export interface Admitted {
  readonly flowSchemaUid: string
  readonly priorityLevelUid: string
  /** To be called when it has been served. */
  readonly release: () => void
}

export interface FlowControl {
  /** Lets a request in, now or when its turn comes. Throws or rejects with FlowRejection. */
  admit(user: UserInfo, info: RequestInfo, onGone: (gone: () => void) => void): Admitted | Promise<Admitted>
  /** Another one whenever requests may be placed otherwise than before. */
  readonly generation: number
  /** Lets in requests like this one, as long as the generation is the same. */
  classified(user: UserInfo, info: RequestInfo): Enter
}

type Enter = (onGone: (gone: () => void) => void) => Admitted | Promise<Admitted>

interface LevelEntry {
  readonly name: string
  readonly uid: string
  readonly spec: DeepReadonly<PriorityLevelConfigurationSpec>
}

const GROUP = 'flowcontrol.apiserver.k8s.io'
const OBJECTS_PER_SEAT = 100
const MAX_SEATS = 10

export interface FlowOptions {
  readonly registry: Registry
  readonly clock: Clock
  readonly totalSeats: number
  /** Gives who is told of the requests of one schema. */
  readonly observe?: (level: string, schema: string) => FlowObserver
}

/** The catch-all schema holds for every user; only someone without any group is placed nowhere. */
const UNPLACED: Admitted = { flowSchemaUid: '', priorityLevelUid: '', release: () => {} }

/** A schema with the level that it sends requests to. */
interface Ranked {
  readonly entry: FlowSchemaEntry
  readonly level: PriorityLevel
  readonly figures: SchemaFigures
}

/** Flow control by priority and fairness, as the schemas and levels in the registry say. */
export class PriorityAndFairness implements FlowControl, SeatPool {
  readonly clock: Clock
  readonly #registry: Registry
  readonly #totalSeats: number
  readonly #observe: FlowOptions['observe']
  readonly #levels = new Map<string, PriorityLevel>()
  #schemas: readonly Ranked[] = []
  /** By schema and level; kept as long as the schema is there. */
  #figures = new Map<string, SchemaFigures>()
  #stale = true
  #generation = 0
  readonly #read: () => { schemas: FlowSchemaEntry[]; levels: LevelEntry[] }

  private constructor(options: FlowOptions, read: () => { schemas: FlowSchemaEntry[]; levels: LevelEntry[] }) {
    this.#registry = options.registry
    this.clock = options.clock
    this.#totalSeats = options.totalSeats
    this.#observe = options.observe
    this.#read = read
  }

  /** Opens the caches; requests are then let in without waiting for anything but their turn. */
  static async open(options: FlowOptions): Promise<PriorityAndFairness> {
    const { registry } = options
    const resources = [
      registry.resource(GROUP, 'flowschemas'),
      registry.resource(GROUP, 'prioritylevelconfigurations'),
    ] as const
    const [schemas, levels] = await Promise.all([registry.cache(resources[0]), registry.cache(resources[1])])
    const control = new PriorityAndFairness(options, () => ({
      schemas: schemas.entriesUnder(resources[0].prefix).map(({ object }) => entryOf(object as unknown as FlowSchema)),
      levels: levels
        .entriesUnder(resources[1].prefix)
        .map(({ object }) => entryOf(object as unknown as PriorityLevelConfiguration)),
    }))
    for (const cache of [schemas, levels]) {
      cache.follow(cache.revision, () => {
        control.#stale = true
      })
    }
    return control
  }

  admit(user: UserInfo, info: RequestInfo, onGone: (gone: () => void) => void): Admitted | Promise<Admitted> {
    if (this.#stale) this.#configure()
    for (const ranked of this.#schemas) {
      if (!matches(ranked.entry, user, info)) continue
      return this.#enter(ranked, info, `${ranked.entry.name}/${distinguisherOf(ranked.entry, user, info)}`, onGone)
    }
    return UNPLACED
  }

  get generation(): number {
    if (this.#stale) this.#configure()
    return this.#generation
  }

  classified(user: UserInfo, info: RequestInfo): Enter {
    if (this.#stale) this.#configure()
    const ranked = this.#schemas.find(({ entry }) => matches(entry, user, info))
    if (!ranked) return () => UNPLACED
    const flow = `${ranked.entry.name}/${distinguisherOf(ranked.entry, user, info)}`
    return (onGone) => this.#enter(ranked, info, flow, onGone)
  }

  #enter(
    { entry, level, figures }: Ranked,
    info: RequestInfo,
    flow: string,
    onGone: (gone: () => void) => void,
  ): Admitted | Promise<Admitted> {
    const seats = this.#seatsFor(info)
    const admitted = (release: () => void): Admitted => ({
      flowSchemaUid: entry.uid,
      priorityLevelUid: level.uid,
      release: figures.begun(seats, info.verb === 'watch' ? 'watch' : 'regular', release),
    })
    return whenEntered(() => level.enter({ flow, seats, onGone }), figures, admitted)
  }

  lendableTo(): number {
    let seats = 0
    for (const { exempt, nominal, lendable, executing } of this.#levels.values()) {
      if (exempt) continue
      seats += executing > nominal ? nominal - executing : Math.min(lendable, nominal - executing)
    }
    return seats
  }

  freed(by: PriorityLevel): void {
    for (const level of this.#levels.values()) if (level !== by && level.waiting > 0) level.drain()
  }

  /** Everything there is to see, for the debugging pages. */
  get levels(): readonly PriorityLevel[] {
    if (this.#stale) this.#configure()
    return [...this.#levels.values()]
  }

  /** What there is to count, for metrics. */
  get figures(): FlowFigures {
    const levels = this.levels.map(({ name, nominal, lendable, borrowingLimit }) => ({
      ...{ name, nominal, lendable, borrowingLimit },
      total: this.#totalSeats,
    }))
    return { levels, schemas: [...this.#figures.values()] }
  }

  /** Lists are as wide as what they have to go through. */
  #seatsFor({ verb, group, version, resource, query }: RequestInfo): number {
    if (verb !== 'list') return 1
    const served = this.#registry.served(group, version, resource)
    const objects = (served && this.#registry.openCache(served.resource)?.size) ?? 0
    const limit = Number(query.get('limit') ?? 0)
    const seen = limit > 0 ? Math.min(limit, objects) : objects
    return Math.min(MAX_SEATS, Math.max(1, Math.ceil(seen / OBJECTS_PER_SEAT)))
  }

  #newFigures(schema: string, level: string): SchemaFigures {
    return new SchemaFigures({ schema, level }, this.clock, this.#observe?.(level, schema))
  }

  #configure(): void {
    this.#stale = false
    this.#generation += 1
    const { schemas, levels } = this.#read()
    // What every server must have is there even before anything is stored.
    const all = withMandatory(levels, priorityLevels)
    const shares = all.reduce((sum, level) => sum + sharesOf(level), 0)
    const seatsOfShare = shares === 0 ? 0 : this.#totalSeats / shares
    const names = new Set(all.map((level) => level.name))
    for (const [name, level] of this.#levels) {
      if (!names.has(name) && level.waiting === 0 && level.requests === 0) this.#levels.delete(name)
    }
    for (const { name, uid, spec } of all) {
      const level = this.#levels.get(name) ?? new PriorityLevel(name, this)
      this.#levels.set(name, level)
      level.configure(uid, spec, seatsOfShare)
    }
    const figures = new Map<string, SchemaFigures>()
    this.#schemas = inPrecedence(withMandatory(schemas, flowSchemas)).flatMap((entry) => {
      const name = entry.spec.priorityLevelConfiguration.name
      const level = names.has(name) ? this.#levels.get(name) : undefined
      if (!level) return []
      const key = `${entry.name} ${name}`
      const counted = this.#figures.get(key) ?? this.#newFigures(entry.name, name)
      figures.set(key, counted)
      return [{ entry, level, figures: counted }]
    })
    this.#figures = figures
  }
}

/** Counts how a request gets in, or does not. */
function whenEntered<T>(
  enter: () => (() => void) | Promise<() => void>,
  figures: SchemaFigures,
  admitted: (release: () => void) => T,
): T | Promise<T> {
  const refused = (error: unknown): never => {
    if (error instanceof FlowRejection) figures.refused(error.reason)
    throw error
  }
  let entered: ReturnType<typeof enter>
  try {
    entered = enter()
  } catch (error) {
    return refused(error)
  }
  if (!(entered instanceof Promise)) return admitted(entered)
  const over = figures.queued()
  return entered.then(
    (release) => {
      over(true)
      return admitted(release)
    },
    (error: unknown) => {
      over(false)
      return refused(error)
    },
  )
}

function entryOf<Spec>({ metadata, spec }: { metadata: { name: string; uid: string }; spec: Spec }) {
  return { name: metadata.name, uid: metadata.uid, spec }
}

function withMandatory<Spec extends FlowSchemaSpec | PriorityLevelConfigurationSpec>(
  stored: { name: string; uid: string; spec: DeepReadonly<Spec> }[],
  builtIn: readonly { name: string; spec: Spec; mandatory: boolean }[],
) {
  const missing = builtIn.filter(({ name, mandatory }) => mandatory && stored.every((entry) => entry.name !== name))
  return [...stored, ...missing.map(({ name, spec }) => ({ name, uid: '', spec: spec as DeepReadonly<Spec> }))]
}

function sharesOf({ spec }: LevelEntry): number {
  return spec.type === 'Exempt'
    ? (spec.exempt?.nominalConcurrencyShares ?? 0)
    : (spec.limited?.nominalConcurrencyShares ?? 30)
}
