// Keeps what every service and pod contributes and what the kernel has, and renders the difference as one transaction.
// Pure: applying a script and saying that it was applied is the caller's.

import { BASE_CHAINS, BASE_STORES, type BaseOptions, isMap, renderBase } from './base-rules.ts'
import { type ElementStore, idOf, type RuleItem, sameItem } from './rule-items.ts'

/** Names of what a table holds now; see `namesInTable`. */
export interface TableContent {
  readonly chains: readonly string[]
  readonly sets: readonly string[]
}

/** One transaction, and what to do once the kernel has taken it. */
export interface Change {
  readonly script: string
  readonly empty: boolean
  /** Tells the book that the script was applied. */
  applied(): void
}

/** See the file comment. When two owners claim the same element, the one that came first in order keeps it. */
export class RuleBook {
  readonly #options: BaseOptions
  readonly #owned = new Map<string, ReadonlyMap<string, RuleItem>>()
  readonly #claims = new Map<string, Map<string, RuleItem>>()
  readonly #applied = new Map<string, RuleItem>()
  #touched = new Set<string>()

  constructor(options: BaseOptions) {
    this.#options = options
  }

  /** Replaces everything that `owner` contributes. */
  set(owner: string, items: readonly RuleItem[]): void {
    const before = this.#owned.get(owner)
    const after = new Map(items.map((item) => [idOf(item), item]))
    for (const id of before?.keys() ?? []) if (!after.has(id)) this.#release(id, owner)
    for (const [id, item] of after) {
      const claims = this.#claims.get(id)
      if (claims) claims.set(owner, item)
      else this.#claims.set(id, new Map([[owner, item]]))
      this.#touched.add(id)
    }
    if (after.size === 0) this.#owned.delete(owner)
    else this.#owned.set(owner, after)
  }

  /** The owners that contribute anything. */
  owners(): string[] {
    return [...this.#owned.keys()]
  }

  /** What has to change since the last change; when applying it fails, only `full` puts things right. */
  change(): Change {
    const touched = this.#touched
    // Whatever is set while the script is being applied belongs to the next change.
    this.#touched = new Set()
    const removed: RuleItem[] = []
    const added: RuleItem[] = []
    for (const id of touched) {
      const old = this.#applied.get(id)
      const now = this.#winner(id)
      if (old && now && sameItem(old, now)) continue
      if (old) removed.push(old)
      if (now) added.push(now)
    }
    const lines = renderChange(`ip ${this.#options.table}`, removed, added)
    return {
      script: lines.join('\n'),
      empty: lines.length === 0,
      applied: () => {
        for (const item of removed) this.#applied.delete(idOf(item))
        for (const item of added) this.#applied.set(idOf(item), item)
      },
    }
  }

  /**
   * Everything, in one transaction over a table that holds `content`. Sets that stay keep their clients; what
   * is unknown goes. Without `content` the table is made anew.
   */
  full(content: TableContent | undefined): Change {
    const { table } = this.#options
    const t = `ip ${table}`
    this.#touched = new Set()
    const items = [...this.#claims.keys()].map((id) => this.#winner(id)).filter((item) => item !== undefined)
    const names = new Set(items.map((item) => (item.kind === 'element' ? '' : item.name)))
    const stale = (name: string) => !names.has(name) && !BASE_CHAINS.includes(name) && !BASE_STORES.includes(name)
    const head = content
      ? [`add table ${t}`, `flush table ${t}`]
      : [`add table ${t}`, `delete table ${t}`, `add table ${t}`]
    const lines = [
      ...head,
      ...renderBase(this.#options),
      ...(content?.chains.filter(stale) ?? []).map((name) => `delete chain ${t} ${name}`),
      ...(content?.sets.filter(stale) ?? []).map((name) => `delete set ${t} ${name}`),
      ...renderChange(t, [], items),
    ]
    return {
      script: lines.join('\n'),
      empty: false,
      applied: () => {
        this.#applied.clear()
        for (const item of items) this.#applied.set(idOf(item), item)
      },
    }
  }

  #release(id: string, owner: string): void {
    const claims = this.#claims.get(id)
    claims?.delete(owner)
    if (claims?.size === 0) this.#claims.delete(id)
    this.#touched.add(id)
  }

  #winner(id: string): RuleItem | undefined {
    const claims = this.#claims.get(id)
    if (!claims) return undefined
    let first: string | undefined
    for (const owner of claims.keys()) if (first === undefined || owner < first) first = owner
    return first === undefined ? undefined : claims.get(first)
  }
}

/** Commands in an order in which nothing is used before it exists or removed while it is used. */
function renderChange(t: string, removed: readonly RuleItem[], added: readonly RuleItem[]): string[] {
  const addedIds = new Set(added.map(idOf))
  const removedIds = new Set(removed.map(idOf))
  const make: string[] = []
  const fill: string[] = []
  const empty: string[] = []
  const dropChains: string[] = []
  const dropSets: string[] = []
  for (const item of added) {
    if (item.kind === 'affinity') {
      make.push(
        `add set ${t} ${item.name} { type ipv4_addr ; flags dynamic, timeout ; timeout ${item.timeoutSeconds}s ; size 65535 ; }`,
      )
    } else if (item.kind === 'chain') {
      if (removedIds.has(idOf(item))) fill.push(`flush chain ${t} ${item.name}`)
      else make.push(`add chain ${t} ${item.name}`)
      for (const rule of item.rules) fill.push(`add rule ${t} ${item.name} ${rule}`)
    }
  }
  for (const item of removed) {
    if (addedIds.has(idOf(item))) continue
    if (item.kind === 'affinity') dropSets.push(`delete set ${t} ${item.name}`)
    else if (item.kind === 'chain') {
      empty.push(`flush chain ${t} ${item.name}`)
      dropChains.push(`delete chain ${t} ${item.name}`)
    }
  }
  return [
    ...make,
    ...fill,
    ...renderElements(`delete element ${t}`, removed, false),
    ...renderElements(`add element ${t}`, added, true),
    ...empty,
    ...dropChains,
    ...dropSets,
  ]
}

function renderElements(command: string, items: readonly RuleItem[], withValues: boolean): string[] {
  const byStore = new Map<ElementStore, string[]>()
  for (const item of items) {
    if (item.kind !== 'element') continue
    const value = withValues && isMap(item.store) ? ` : ${item.value}` : ''
    const elements = byStore.get(item.store)
    if (elements) elements.push(`${item.key}${value}`)
    else byStore.set(item.store, [`${item.key}${value}`])
  }
  return [...byStore].map(([store, elements]) => `${command} ${store} { ${elements.join(', ')} }`)
}

/** Reads the names of one table's chains or sets out of `nft list chains ip` or `nft --terse list sets ip`. */
export function namesInTable(listing: string, table: string): string[] {
  const names: string[] = []
  let inside = false
  for (const line of listing.split('\n')) {
    if (line.startsWith('table ')) inside = line === `table ip ${table} {`
    const [, name] = (inside && /^\t(?:chain|set) (\S+) \{/.exec(line)) || []
    if (name !== undefined) names.push(name)
  }
  return names
}
