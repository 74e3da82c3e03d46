// Tables as the server sends them, with the columns that kubectl adds.
// Model: k8s.io/cli-runtime/pkg/printers/tableprinter.go.

import type { KubeObject } from '../object.ts'
import type { TabWriter } from './tab-writer.ts'

export interface TableColumn {
  readonly name: string
  readonly type?: string
  readonly format?: string
  readonly priority?: number
}

export interface TableRow {
  readonly cells: readonly unknown[]
  readonly object?: KubeObject
}

export interface Table {
  readonly columnDefinitions?: readonly TableColumn[]
  readonly rows?: readonly TableRow[]
}

export interface TableOptions {
  readonly noHeaders: boolean
  readonly wide: boolean
  readonly withNamespace: boolean
  /** `deployment.apps`: stands before names as `deployment.apps/web`. */
  readonly kindPrefix?: string | undefined
  readonly showLabels: boolean
  readonly columnLabels: readonly string[]
}

export function isTable(object: KubeObject): boolean {
  return object.kind === 'Table' && (object.apiVersion ?? '').startsWith('meta.k8s.io/')
}

/** Writes tables one after the other; headers only when the columns change. */
export interface TablePrinter {
  print(table: Table, to: TabWriter, eventType?: string): void
}

/** A printer that remembers the columns it last wrote. */
export function createTablePrinter(options: TableOptions): TablePrinter {
  let lastColumns: readonly TableColumn[] = []
  let printedHeaders = false
  return {
    print(table, to, eventType) {
      const given = table.columnDefinitions ?? []
      const rows = table.rows ?? []
      const same = given.length === 0 || JSON.stringify(given) === JSON.stringify(lastColumns)
      const noHeaders = options.noHeaders || (printedHeaders && same)
      if (!same) {
        lastColumns = given
        printedHeaders = false
      }
      if (rows.length > 0) printedHeaders = true
      const decorated = decorate({ columnDefinitions: lastColumns, rows }, options)
      const shown = eventType === undefined ? decorated : withEvent(decorated, eventType)
      for (const line of tableLines(shown, { ...options, noHeaders })) to.write(`${line}\n`)
    },
  }
}

interface WholeTable {
  readonly columnDefinitions: readonly TableColumn[]
  readonly rows: readonly TableRow[]
}

const text = (name: string): TableColumn => ({ name, type: 'string' })

function decorate({ columnDefinitions, rows }: WholeTable, options: TableOptions): WholeTable {
  const { withNamespace, showLabels, columnLabels, kindPrefix } = options
  const nameColumn = kindPrefix ? columnDefinitions.findIndex((c) => c.format === 'name' && c.type === 'string') : -1
  return {
    columnDefinitions: [
      ...(withNamespace ? [text('Namespace')] : []),
      ...columnDefinitions,
      ...columnLabels.map((label) => text((label.split('/').at(-1) ?? '').toUpperCase())),
      ...(showLabels ? [text('Labels')] : []),
    ],
    rows: rows.map((row) => {
      const cells = row.cells.map((cell, i) => (i === nameColumn ? `${kindPrefix}/${cell}` : cell))
      const labels = row.object?.metadata?.labels ?? {}
      return {
        ...row,
        cells: [
          ...(withNamespace ? [row.object?.metadata?.namespace ?? ''] : []),
          ...cells,
          ...columnLabels.map((label) => labels[label] ?? ''),
          ...(showLabels ? [formatLabels(labels)] : []),
        ],
      }
    }),
  }
}

/** `a=1,b=2`, or `<none>`. */
export function formatLabels(labels: Readonly<Record<string, string>> | undefined): string {
  const pairs = Object.entries(labels ?? {}).map(([k, v]) => `${k}=${v}`)
  return pairs.length === 0 ? '<none>' : pairs.sort().join(',')
}

const EVENT_WIDTH = 8

function withEvent({ columnDefinitions, rows }: WholeTable, eventType: string): WholeTable {
  return {
    columnDefinitions: [text('Event'), ...columnDefinitions],
    rows: rows.map((row) => ({ ...row, cells: [eventType.padEnd(EVENT_WIDTH), ...row.cells] })),
  }
}

/** The lines of a table, cells separated by tabs. */
export function tableLines(
  { columnDefinitions, rows }: WholeTable,
  options: { readonly noHeaders: boolean; readonly wide: boolean },
): string[] {
  if (rows.length === 0) return []
  const shown = columnDefinitions.map((c) => options.wide || (c.priority ?? 0) === 0)
  const header = columnDefinitions.filter((_, i) => shown[i]).map((c) => c.name.toUpperCase())
  const lines = rows.map((row) =>
    row.cells
      .slice(0, columnDefinitions.length)
      .filter((_, i) => shown[i])
      .map(cellText)
      .join('\t'),
  )
  return options.noHeaders ? lines : [header.join('\t'), ...lines]
}

/** A cell on one line; what would move the cursor is shown instead of done. */
function cellText(cell: unknown): string {
  if (cell === null || cell === undefined) return ''
  const value = typeof cell === 'object' ? JSON.stringify(cell) : String(cell)
  const cut = value.search(/[\f\n\r]/)
  const line = cut < 0 ? value : value.slice(0, cut)
  return line.replaceAll('\u001b', '^[') + (cut < 0 ? '' : '...')
}
