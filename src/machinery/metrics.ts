// Metrics with handles that cost next to nothing to use, and their text for whoever collects them.
// Spec: https://github.com/prometheus/docs/blob/main/docs/instrumenting/exposition_formats.md

/** How far a metric can be relied on, as upstream says it in the help text. */
export type Stability = 'ALPHA' | 'BETA' | 'STABLE'

interface Described {
  /** The whole name, as it is collected. */
  readonly name: string
  readonly help: string
  readonly stability: Stability
  readonly labels?: readonly string[]
}

/** A number that is counted up or set. */
export class Value {
  value = 0

  add(amount = 1): void {
    this.value += amount
  }

  set(value: number): void {
    this.value = value
  }
}

/** How many of the observed values are not above each bound. */
export class Distribution {
  readonly #bounds: readonly number[]
  readonly #counts: Float64Array
  #sum = 0

  constructor(bounds: readonly number[]) {
    this.#bounds = bounds
    this.#counts = new Float64Array(bounds.length + 1)
  }

  observe(value: number): void {
    const bounds = this.#bounds
    let i = 0
    while (i < bounds.length && value > (bounds[i] as number)) i += 1
    this.#counts[i] = (this.#counts[i] as number) + 1
    this.#sum += value
  }

  /** The lines of the text. */
  lines(name: string, labels: string): string[] {
    const out: string[] = []
    const more = labels === '' ? '' : `${labels},`
    let total = 0
    for (const [i, count] of this.#counts.entries()) {
      total += count
      const bound = this.#bounds[i]
      out.push(`${name}_bucket{${more}le="${bound === undefined ? '+Inf' : bound}"} ${total}`)
    }
    const own = labels === '' ? '' : `{${labels}}`
    out.push(`${name}_sum${own} ${this.#sum}`, `${name}_count${own} ${total}`)
    return out
  }
}

/** All series of one metric. There is an end to their number: what comes later shares one series. */
export class Family<T extends Value | Distribution> {
  readonly #described: Described
  readonly #make: () => T
  readonly #series = new Map<string, T>()

  constructor(described: Described, make: () => T) {
    this.#described = described
    this.#make = make
  }

  /** The series with these values of the labels, in their order. Keep it where it is used often. */
  of(...values: readonly string[]): T {
    const { labels = [] } = this.#described
    const key = labels.map((label, i) => `${label}="${escaped(values[i] ?? '')}"`).join(',')
    const known = this.#series.get(key)
    if (known) return known
    if (this.#series.size >= MAX_SERIES) {
      const rest = labels.map((label) => `${label}="${OTHERS}"`).join(',')
      return this.#series.get(rest) ?? this.#put(rest)
    }
    return this.#put(key)
  }

  #put(key: string): T {
    const made = this.#make()
    this.#series.set(key, made)
    return made
  }

  get stability(): Stability {
    return this.#described.stability
  }

  /** Forgets all series: for those that are made anew whenever they are asked for. */
  clear(): void {
    this.#series.clear()
  }

  write(type: string, out: string[]): void {
    if (this.#series.size === 0) return
    const { name, help, stability } = this.#described
    out.push(
      `# HELP ${name} [${stability}] ${help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`,
      `# TYPE ${name} ${type}`,
    )
    for (const [labels, series] of this.#series) {
      if (series instanceof Distribution) out.push(...series.lines(name, labels))
      else out.push(`${name}${labels === '' ? '' : `{${labels}}`} ${series.value}`)
    }
  }
}

const MAX_SERIES = 4000
const OTHERS = 'other'

function escaped(value: string): string {
  return /["\\\n]/.test(value) ? value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n') : value
}

/** What is collected together. */
export class MetricSet {
  readonly #families: { readonly type: string; readonly family: Family<Value> | Family<Distribution> }[] = []
  readonly #collectors: (() => void)[] = []

  counter(described: Described): Family<Value> {
    return this.#keep('counter', new Family(described, () => new Value()))
  }

  gauge(described: Described): Family<Value> {
    return this.#keep('gauge', new Family(described, () => new Value()))
  }

  histogram({ buckets, ...described }: Described & { readonly buckets: readonly number[] }): Family<Distribution> {
    return this.#keep('histogram', new Family(described, () => new Distribution(buckets)))
  }

  #keep<T extends Family<Value> | Family<Distribution>>(type: string, family: T): T {
    this.#families.push({ type, family })
    return family
  }

  /** How many there are of each stability. */
  get byStability(): ReadonlyMap<Stability, number> {
    const counts = new Map<Stability, number>()
    for (const { family } of this.#families) counts.set(family.stability, (counts.get(family.stability) ?? 0) + 1)
    return counts
  }

  /** `collect` runs before the text is made: for figures that are looked up only then. */
  beforeText(collect: () => void): void {
    this.#collectors.push(collect)
  }

  /** The text, as collectors read it. */
  text(): string {
    for (const collect of this.#collectors) collect()
    const out: string[] = []
    for (const { type, family } of this.#families) family.write(type, out)
    return `${out.join('\n')}\n`
  }
}

/** `count` bounds, each `factor` times the one before. */
export function exponential(start: number, factor: number, count: number): number[] {
  return Array.from({ length: count }, (_, i) => Number((start * factor ** i).toPrecision(12)))
}

/** The type of the text. */
export const METRICS_TYPE = 'text/plain; version=0.0.4; charset=utf-8; escaping=underscores'
