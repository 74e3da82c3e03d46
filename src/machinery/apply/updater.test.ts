import { describe, expect, it } from 'vitest'
import type { ApplyConflict } from './conflict.ts'
import { pathsOf } from './field-set.ts'
import { capUpdaters, type Managed, readSent, readStored, writeEntries } from './managers.ts'
import { mapSchema, type TypeSchema } from './schema.ts'
import { applyConfiguration, type Kind, updateOwners, type Versioned } from './updater.ts'

const STRING: TypeSchema = { kind: 'scalar', scalar: 'string' }
const NUMERIC: TypeSchema = { kind: 'scalar', scalar: 'numeric' }
const NAMED: TypeSchema = mapSchema({
  fields: new Map<string, () => TypeSchema>([
    ['name', () => STRING],
    ['value', () => NUMERIC],
  ]),
})
const typed = (map: string, asSet = true) =>
  mapSchema({
    fields: new Map<string, () => TypeSchema>([
      ['apiVersion', () => STRING],
      ['text', () => STRING],
      ['number', () => NUMERIC],
      [map, () => mapSchema({ element: STRING })],
      [
        'set',
        () => ({ kind: 'list', relationship: asSet ? 'set' : 'atomic', keys: [], defaults: {}, element: STRING }),
      ],
      ['items', () => ({ kind: 'list', relationship: 'map', keys: ['name'], defaults: {}, element: NAMED })],
    ]),
  })
const V1 = typed('map')
const V2 = typed('entries')

/** A kind with two versions: what v1 calls `map` is `entries` in v2. */
const KIND: Kind = {
  schemaOf: (apiVersion) => ({ v1: V1, v2: V2 })[apiVersion],
  convert({ object }, apiVersion) {
    const { map, entries, ...rest } = object as Record<string, unknown>
    const value = map ?? entries
    if (value === undefined) return { apiVersion, object: rest }
    return { apiVersion, object: { ...rest, [apiVersion === 'v1' ? 'map' : 'entries']: value } }
  },
  resetFields: () => undefined,
}

/** An object over several writes. */
class Story {
  live: Versioned = { apiVersion: 'v1', object: {} }
  owners: readonly Managed[] = []
  readonly kind: Kind
  #now = 0

  constructor(kind: Kind = KIND) {
    this.kind = kind
  }

  #tick(): string {
    this.#now += 1
    return `2026-01-01T00:00:${String(this.#now).padStart(2, '0')}Z`
  }

  apply(manager: string, config: object, { apiVersion = 'v1', force = false } = {}): this {
    const live = this.live.apiVersion === apiVersion ? this.live : this.kind.convert(this.live, apiVersion)
    const self = { manager, operation: 'Apply', apiVersion, subresource: '' } as const
    const { kind, owners } = this
    const applied = applyConfiguration({ kind, live, config, owners, self, force, now: this.#tick() })
    this.owners = applied.owners
    if (applied.object !== undefined) this.live = { apiVersion, object: withoutNulls(applied.object) }
    return this
  }

  update(manager: string, object: object, { apiVersion = 'v1' } = {}): this {
    const live = this.live.apiVersion === apiVersion ? this.live : this.kind.convert(this.live, apiVersion)
    const self = { manager, operation: 'Update', apiVersion, subresource: '' } as const
    const next = { apiVersion, object }
    this.owners = updateOwners({ kind: this.kind, live, next, owners: this.owners, self, now: this.#tick() })
    this.live = next
    return this
  }

  paths(): Record<string, string[]> {
    return Object.fromEntries(this.owners.map(({ manager, fields }) => [manager, pathsOf(fields)]))
  }
}

function withoutNulls(object: unknown): object {
  return Object.fromEntries(Object.entries(object as object).filter(([, value]) => value !== null))
}

const items = (...names: string[]) => names.map((name) => ({ name }))

describe('apply', () => {
  it('owns what it says, and takes it back when it no longer says so', () => {
    const story = new Story().apply('a', { text: 'x', number: 1, map: { k: 'v' } })
    expect(story.paths()).toEqual({ a: ['.number', '.text', '.map.k'] })
    story.apply('a', { text: 'x' })
    expect(story.live.object).toEqual({ text: 'x' })
    expect(story.paths()).toEqual({ a: ['.text'] })
  })

  it('leaves what another applier owns too', () => {
    const story = new Story().apply('a', { items: items('x', 'y') }).apply('b', { items: items('y') })
    story.apply('a', { items: items('x') })
    expect(story.live.object).toEqual({ items: items('x', 'y') })
    story.apply('b', {})
    expect(story.live.object).toEqual({ items: items('x') })
    expect(Object.keys(story.paths())).toEqual(['a'])
  })

  it('leaves what an updater has changed since', () => {
    const story = new Story().apply('a', { items: [{ name: 'x', value: 1 }] })
    story.update('u', { items: [{ name: 'x', value: 2 }] })
    expect(story.paths()).toEqual({
      a: ['.items[name="x"]', '.items[name="x"].name'],
      u: ['.items[name="x"].value'],
    })
  })

  it('takes an item away though an updater has changed a field of it', () => {
    const story = new Story().apply('a', { items: [{ name: 'x', value: 1 }], text: 't' })
    story.update('u', { items: [{ name: 'x', value: 2 }], text: 't' }).apply('a', { text: 't' })
    expect(story.live.object).toEqual({ text: 't' })
    expect(story.paths()).toEqual({ a: ['.text'] })
  })

  it('says what conflicts, changes nothing then, and wins by force', () => {
    const story = new Story().apply('a', { text: 'x', number: 1 })
    const refused = () => story.apply('b', { text: 'y', number: 2 })
    expect(refused).toThrow('Apply failed with 2 conflicts: conflicts with "a":\n- .number\n- .text')
    expect(story.paths()).toEqual({ a: ['.number', '.text'] })
    story.apply('b', { text: 'y' }, { force: true })
    expect(story.paths()).toEqual({ a: ['.number'], b: ['.text'] })
    expect(story.live.object).toEqual({ text: 'y', number: 1 })
  })

  it('names updaters with the version they wrote', () => {
    const story = new Story().update('kubectl', { text: 'x' })
    const refused = () => story.apply('b', { text: 'y' })
    expect(refused).toThrow('Apply failed with 1 conflict: conflict with "kubectl" using v1: .text')
    try {
      refused()
    } catch (error) {
      expect((error as ApplyConflict).causes()).toEqual([
        { reason: 'FieldManagerConflict', message: 'conflict with "kubectl" using v1', field: '.text' },
      ])
    }
  })

  it('shares fields on whose value all agree', () => {
    const story = new Story().apply('a', { text: 'x' }).apply('b', { text: 'x' })
    expect(story.paths()).toEqual({ a: ['.text'], b: ['.text'] })
    story.apply('a', {})
    expect(story.live.object).toEqual({ text: 'x' })
  })

  it('keeps its time when it changes nothing', () => {
    const story = new Story().apply('a', { text: 'x' })
    const time = story.owners[0]?.time
    expect(story.apply('a', { text: 'x' }).owners[0]?.time).toBe(time)
  })

  it('can change from one version to another', () => {
    const story = new Story().apply('a', { map: { k: 'v', l: 'w' } })
    story.apply('a', { entries: { k: 'v' } }, { apiVersion: 'v2' })
    expect(story.live).toEqual({ apiVersion: 'v2', object: { entries: { k: 'v' } } })
    expect(story.paths()).toEqual({ a: ['.entries.k'] })
  })

  it('conflicts across versions', () => {
    const story = new Story().apply('a', { map: { k: 'v' } })
    expect(() => story.apply('b', { entries: { k: 'x' } }, { apiVersion: 'v2' })).toThrow('conflict with "a": .map.k')
  })

  it('forgets owners in versions that are no longer served', () => {
    const story = new Story().apply('a', { text: 'x' })
    const kind = { ...KIND, schemaOf: (v: string) => (v === 'v2' ? V2 : undefined) }
    const later = new Story(kind)
    later.live = { apiVersion: 'v2', object: { text: 'x' } }
    later.owners = story.owners
    expect(later.apply('b', { text: 'y' }, { apiVersion: 'v2' }).paths()).toEqual({ b: ['.text'] })
  })

  it('goes by a schema in which a list has become atomic', () => {
    const story = new Story().apply('a', { set: ['x'] }).apply('b', { set: ['y'] })
    const later = new Story({ ...KIND, schemaOf: () => typed('map', false) })
    later.live = story.live
    later.owners = story.owners
    expect(() => later.apply('b', { set: ['y', 'z'] })).toThrow('conflict with "a": .set')
    expect(later.apply('b', { set: ['z'] }, { force: true }).paths()).toEqual({ b: ['.set'] })
  })
})

describe('update', () => {
  it('owns what it changed and nothing else', () => {
    const story = new Story().apply('a', { text: 'x', number: 1 }).update('u', { text: 'y', number: 1 })
    expect(story.paths()).toEqual({ a: ['.number'], u: ['.text'] })
  })

  it('adds to what the same manager owned before', () => {
    const story = new Story().update('u', { text: 'x' }).update('u', { text: 'x', number: 1 })
    expect(story.paths()).toEqual({ u: ['.number', '.text'] })
    expect(story.owners).toHaveLength(1)
  })

  it('ends ownership of what it removes', () => {
    const story = new Story().update('u', { text: 'x', number: 1 }).update('w', { number: 1 })
    expect(story.paths()).toEqual({ u: ['.number'] })
  })

  it('gives the very same owners when nothing changes', () => {
    const story = new Story().update('u', { text: 'x' })
    const before = story.owners
    expect(story.update('w', { text: 'x' }).owners).toBe(before)
  })

  it('keeps apart what one manager wrote in two versions', () => {
    const story = new Story().update('u', { text: 'x' }).update('u', { text: 'x', number: 1 }, { apiVersion: 'v2' })
    expect(story.owners.map(({ apiVersion }) => apiVersion).sort()).toEqual(['v1', 'v2'])
  })
})

describe('entries', () => {
  const update = (manager: string, n: number, apiVersion = 'v1'): Managed => ({
    ...{ manager, operation: 'Update', apiVersion, subresource: '' },
    time: `2026-01-01T00:00:${String(n).padStart(2, '0')}Z`,
    fields: { [`f:${manager}`]: {} },
  })

  it('are written in order: appliers first, then by time and name', () => {
    const owners = [update('b', 2), update('a', 2), update('z', 1), { ...update('y', 9), operation: 'Apply' as const }]
    const entries = writeEntries(owners) ?? []
    expect(entries.map(({ manager }) => manager)).toEqual(['y', 'z', 'a', 'b'])
    expect(readStored(entries).map(({ entry }) => entry)).toEqual(entries)
    expect(entries[1]).toEqual({
      ...{ manager: 'z', operation: 'Update', apiVersion: 'v1', time: '2026-01-01T00:00:01Z' },
      ...{ fieldsType: 'FieldsV1', fieldsV1: { 'f:z': {} } },
    })
  })

  it('join the oldest updaters beyond ten', () => {
    const owners = Array.from({ length: 12 }, (_, i) => update(`m${i}`, i))
    const capped = capUpdaters(owners)
    expect(capped).toHaveLength(10)
    const ancient = capped.find(({ manager }) => manager === 'ancient-changes')
    expect(ancient?.fields).toEqual({ 'f:m0': {}, 'f:m1': {}, 'f:m2': {} })
    expect(ancient?.time).toBe('2026-01-01T00:00:02Z')
  })

  it.each([
    ['an unknown operation', { operation: 'Patch' }],
    ['no version', { apiVersion: '' }],
    ['another type of fields', { fieldsType: 'FieldsV2' }],
    ['fields that are none', { fieldsV1: { nonsense: {} } }],
  ])('are not taken from a client with %s', (_, wrong) => {
    const entry = {
      manager: 'a',
      operation: 'Update',
      apiVersion: 'v1',
      fieldsType: 'FieldsV1',
      fieldsV1: { 'f:a': {} },
    }
    expect(readSent([entry])).toHaveLength(1)
    expect(readSent([{ ...entry, ...wrong }])).toBeUndefined()
  })
})
