// Aligns columns as kubectl does: cells end at tabs, each block of a column is as wide as its widest cell and padding.
// Model: text/tabwriter with kubectl's settings (minimal width 6, padding 3), remembering widths between flushes.

const MIN_WIDTH = 6
const PADDING = 3

export interface TabWriter {
  write(text: string): void
  /** Aligned text of all that was written since the last flush. */
  flush(): string
  /** The next block is aligned on its own. */
  forgetWidths(): void
}

/** A writer; `minWidth` and `padding` differ in describe's tables. */
export function createTabWriter(options: { minWidth?: number; padding?: number; remember?: boolean } = {}): TabWriter {
  const { minWidth = MIN_WIDTH, padding = PADDING, remember = true } = options
  let text = ''
  let remembered: number[] = []
  return {
    write(more) {
      text += more
    },
    flush() {
      const lines = text.split('\n')
      const unfinished = lines.pop() ?? ''
      text = ''
      const rows = lines.map((line) => line.split('\t'))
      if (unfinished !== '') rows.push(unfinished.split('\t'))
      const widths = columnWidths(rows, { minWidth, padding, floor: remember ? remembered : [] })
      if (remember) remembered = widest(remembered, widths)
      const out = rows.map((cells, row) => renderRow(cells, widths[row] ?? [])).join('\n')
      return unfinished === '' && rows.length > 0 ? `${out}\n` : out
    },
    forgetWidths() {
      remembered = []
    },
  }
}

interface Widths {
  readonly minWidth: number
  readonly padding: number
  readonly floor: readonly number[]
}

/** For each row, the width of each of its tab-terminated cells: a column block is a run of rows that have the cell. */
function columnWidths(rows: readonly string[][], { minWidth, padding, floor }: Widths): number[][] {
  const widths: number[][] = rows.map(() => [])
  const most = Math.max(0, ...rows.map((r) => r.length - 1))
  for (let column = 0; column < most; column++) {
    for (let start = 0; start < rows.length; ) {
      if ((rows[start]?.length ?? 0) - 1 <= column) {
        start++
        continue
      }
      let end = start
      let width = Math.max(minWidth, floor[column] ?? 0)
      for (; end < rows.length && (rows[end]?.length ?? 0) - 1 > column; end++) {
        width = Math.max(width, runes(rows[end]?.[column] ?? '') + padding)
      }
      for (const row of widths.slice(start, end)) row[column] = width
      start = end
    }
  }
  return widths
}

function widest(known: readonly number[], widths: readonly number[][]): number[] {
  const result = [...known]
  for (const row of widths) {
    for (const [column, width] of row.entries()) result[column] = Math.max(result[column] ?? 0, width)
  }
  return result
}

function renderRow(cells: readonly string[], widths: readonly number[]): string {
  const last = cells.length - 1
  return cells
    .map((cell, i) => (i === last ? cell : cell + ' '.repeat(Math.max(0, (widths[i] ?? 0) - runes(cell)))))
    .join('')
}

function runes(text: string): number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: only ASCII text has as many runes as units
  if (/^[\x00-\x7f]*$/.test(text)) return text.length
  return [...text].length
}

/** Aligns rows of cells in one go. */
export function alignRows(rows: readonly (readonly string[])[]): string {
  const writer = createTabWriter()
  for (const row of rows) writer.write(`${row.join('\t')}\n`)
  return writer.flush()
}
