// A table of one object as cells with the names of their columns, and what many kinds have in common.

import { tableOf } from '../../../src/apiserver/http/table.ts'
import { makeEntry } from '../../../src/apiserver/registry/entry.ts'
import type { Resource } from '../../../src/apiserver/registry/resource.ts'
import { allResources } from '../../../src/apiserver/resources/index.ts'

const NOW = Date.parse('2026-01-02T00:00:00Z')
export const AT = '2026-01-01T23:55:00Z'
export const hoursAgo = (hours: number) => new Date(NOW - hours * 3_600_000).toISOString().replace('.000', '')

/** Name, cell, and what the column is where it is no plain text: `integer`, `name`, `wide`, … */
export type Cell = readonly [name: string, cell: unknown, is?: string]

export interface Case {
  /** The upstream function. */
  readonly rule: string
  /** `deployments.apps` */
  readonly of: string
  readonly object: Record<string, unknown>
  readonly cells: readonly Cell[]
}

export const resources = new Map(
  allResources().map((r) => [r.group === '' ? r.resource : `${r.resource}.${r.group}`, r]),
)

function resourceNamed(name: string): Resource {
  const found = resources.get(name)
  if (!found) throw new Error(`nothing is called ${name}`)
  return found
}

interface Table {
  columnDefinitions: { name: string; type: string; format: string; priority: number }[]
  rows: { cells: unknown[] }[]
}

export function printed(of: string, given: Record<string, unknown>): Cell[] {
  const resource = resourceNamed(of)
  const metadata = { name: 'a', creationTimestamp: AT, ...(given.metadata as object | undefined) }
  const object = {
    ...(resource.hasSpec ? { spec: {} } : {}),
    ...(resource.hasStatus ? { status: {} } : {}),
    ...given,
    metadata,
  }
  const entry = makeEntry('/registry/a', Buffer.from(JSON.stringify(object)), 1)
  const options = { wrapperVersion: 'meta.k8s.io/v1', include: 'None', now: NOW, withColumns: true } as const
  const { columnDefinitions, rows } = tableOf(resource, [entry], {}, options) as Table
  return columnDefinitions.map(({ name, type, format, priority }, i) => {
    const is = [type === 'string' ? '' : type, format, priority > 0 ? 'wide' : ''].filter(Boolean).join(' ')
    const cell = rows[0]?.cells[i]
    return is === '' ? [name, cell] : [name, cell, is]
  })
}

export const NAME: Cell = ['Name', 'a', 'name']
export const AGE: Cell = ['Age', '5m']
export const CREATED: Cell = ['Created At', AT, 'date']
export const containers = [
  { name: 'web', image: 'nginx:1' },
  { name: 'log', image: 'fluent:2' },
]
export const selector = {
  matchLabels: { app: 'web' },
  matchExpressions: [{ key: 'tier', operator: 'In', values: ['b', 'a'] }],
}
export const template = {
  metadata: { labels: { b: '2', app: 'web' } },
  spec: { containers, nodeSelector: { b: '2', a: '1' } },
}
export const WIDE: readonly Cell[] = [
  ['Containers', 'web,log', 'wide'],
  ['Images', 'nginx:1,fluent:2', 'wide'],
]
export const SELECTOR: Cell = ['Selector', 'app=web,tier in (a,b)', 'wide']
export const pair = (cells: readonly Cell[], name: string) => cells.find(([column]) => column === name)?.[1]
