// Which commands follow from which difference, and which tracked connections are stale.

import { describe, expect, it } from 'vitest'
import { staleFlows } from './conntrack.ts'
import { namesInTable, RuleBook } from './rule-book.ts'
import type { RuleItem } from './rule-items.ts'

const options = { table: 't', bridge: 'br0', podCidr: '10.244.0.0/16' }

const chain = (name: string, ...rules: string[]): RuleItem => ({ kind: 'chain', name, rules })
const port = (key: string, value: string): RuleItem => ({ kind: 'element', store: 'host_ports', key, value })
const hairpin = (key: string): RuleItem => ({ kind: 'element', store: 'hairpin', key })

/** A book whose contents are in the kernel. */
function bookWith(owners: Record<string, RuleItem[]>): RuleBook {
  const book = new RuleBook(options)
  for (const [owner, items] of Object.entries(owners)) book.set(owner, items)
  book.full(undefined).applied()
  return book
}

describe('a change', () => {
  it('is empty when nothing differs', () => {
    const book = bookWith({ a: [chain('x', 'drop')] })
    book.set('a', [chain('x', 'drop')])
    expect(book.change()).toMatchObject({ empty: true, script: '' })
  })

  it('touches what differs and nothing else', () => {
    const book = bookWith({ a: [chain('x', 'drop'), hairpin('1 . 1')], b: [chain('y', 'drop')] })
    book.set('a', [chain('x', 'accept'), hairpin('1 . 1'), hairpin('2 . 2')])
    expect(book.change().script.split('\n')).toEqual([
      'flush chain ip t x',
      'add rule ip t x accept',
      'add element ip t hairpin { 2 . 2 }',
    ])
  })

  it('makes things before they are used and removes them after', () => {
    const book = bookWith({ a: [chain('x', 'goto y'), chain('y'), port('tcp . 1', '1 . 1')] })
    book.set('a', [
      { kind: 'affinity', name: 's', timeoutSeconds: 9 },
      chain('z', 'update @s { ip saddr }'),
      port('tcp . 1', '2 . 2'),
    ])
    const change = book.change()
    expect(change.script.split('\n')).toEqual([
      'add set ip t s { type ipv4_addr ; flags dynamic, timeout ; timeout 9s ; size 65535 ; }',
      'add chain ip t z',
      'add rule ip t z update @s { ip saddr }',
      'delete element ip t host_ports { tcp . 1 }',
      'add element ip t host_ports { tcp . 1 : 2 . 2 }',
      'flush chain ip t x',
      'flush chain ip t y',
      'delete chain ip t x',
      'delete chain ip t y',
    ])
    change.applied()
    book.set('a', [])
    expect(book.change().script.split('\n')).toEqual([
      'delete element ip t host_ports { tcp . 1 }',
      'flush chain ip t z',
      'delete chain ip t z',
      'delete set ip t s',
    ])
    expect(book.owners()).toEqual([])
  })

  it('keeps an element until its last owner goes, and lets the first one decide', () => {
    const book = bookWith({
      a: [hairpin('1 . 1'), port('tcp . 1', '1 . 1')],
      b: [hairpin('1 . 1'), port('tcp . 1', '2 . 2')],
    })
    book.set('a', [])
    const change = book.change()
    expect(change.script.split('\n')).toEqual([
      'delete element ip t host_ports { tcp . 1 }',
      'add element ip t host_ports { tcp . 1 : 2 . 2 }',
    ])
    change.applied()
    book.set('b', [])
    expect(book.change().script).toContain('delete element ip t hairpin { 1 . 1 }')
  })

  it('leaves what is set while it is applied to the next one', () => {
    const book = bookWith({})
    book.set('a', [hairpin('1 . 1')])
    const change = book.change()
    book.set('a', [hairpin('2 . 2')])
    change.applied()
    expect(book.change().script.split('\n')).toEqual([
      'delete element ip t hairpin { 1 . 1 }',
      'add element ip t hairpin { 2 . 2 }',
    ])
  })
})

describe('everything', () => {
  it('goes over what is there: keeps known names, deletes stale ones', () => {
    const book = bookWith({ a: [chain('x', 'drop')] })
    const listing =
      'table ip nat {\n\tchain other {\n\t}\n}\ntable ip t {\n\tchain x {\n\t}\n\tchain svc/old {\n\t}\n\tchain prerouting {\n\t\ttype nat hook prerouting priority dstnat; policy accept;\n\t}\n}\n'
    const sets = 'table ip t {\n\tset hairpin {\n\t\ttype ipv4_addr\n\t}\n\tset aff/old {\n\t}\n}\n'
    const content = { chains: namesInTable(listing, 't'), sets: namesInTable(sets, 't') }
    expect(content).toEqual({ chains: ['x', 'svc/old', 'prerouting'], sets: ['hairpin', 'aff/old'] })
    const lines = book.full(content).script.split('\n')
    expect(lines.slice(0, 2)).toEqual(['add table ip t', 'flush table ip t'])
    expect(lines.filter((line) => line.startsWith('delete'))).toEqual([
      'delete chain ip t svc/old',
      'delete set ip t aff/old',
    ])
    expect(lines.slice(-2)).toEqual(['add chain ip t x', 'add rule ip t x drop'])
  })

  it('begins with an empty table when asked to', () => {
    const lines = bookWith({}).full(undefined).script.split('\n')
    expect(lines.slice(0, 3)).toEqual(['add table ip t', 'delete table ip t', 'add table ip t'])
  })
})

describe('stale UDP flows', () => {
  const flow = (to: string, dport: number, from: string) =>
    `udp      17 29 src=10.244.0.9 dst=${to} sport=5 dport=${dport} [UNREPLIED] src=${from} dst=10.244.0.9 sport=53 dport=5 mark=0 use=1\n`
  const entries = [
    { ip: '10.96.0.10', port: 53, backends: ['10.244.0.5'] },
    { port: 30053, backends: ['10.244.0.5'] },
    { ip: '10.96.0.11', port: 53, backends: [] },
  ]
  it.each([
    ['to an endpoint that is there', flow('10.96.0.10', 53, '10.244.0.5'), false],
    ['to an endpoint that is gone', flow('10.96.0.10', 53, '10.244.0.6'), true],
    ['from before the service had endpoints', flow('10.96.0.10', 53, '10.96.0.10'), true],
    ['to a service without endpoints, untranslated', flow('10.96.0.11', 53, '10.96.0.11'), false],
    ['to a service that lost its endpoints', flow('10.96.0.11', 53, '10.244.0.5'), true],
    ['to a node port with an endpoint that is gone', flow('198.51.100.1', 30053, '10.244.0.6'), true],
    ['to the same port of a foreign server', flow('198.51.100.1', 30053, '198.51.100.1'), false],
    ['to another port', flow('10.96.0.10', 54, '10.244.0.6'), false],
  ])('%s', (_what, listing, stale) => {
    expect(staleFlows(`${listing}${listing}`, entries)).toHaveLength(stale ? 1 : 0)
  })
})
