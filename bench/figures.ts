// The figures that are measured, as a table on standard output and for the file of results.

/** One measured figure and what it should be at most, or at least. */
export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  readonly target?: { readonly atMost?: number; readonly atLeast?: number }
}

export const figures: Figure[] = []

/** Prints a figure and keeps it. */
export function report(name: string, value: number, unit: string, target?: Figure['target']): void {
  const rounded = Number(value.toPrecision(4))
  figures.push({ name, value: rounded, unit, ...(target ? { target } : {}) })
  const met =
    target &&
    (target.atMost === undefined || rounded <= target.atMost) &&
    (target.atLeast === undefined || rounded >= target.atLeast)
  const goal = target
    ? `  (target ${target.atMost === undefined ? `≥ ${target.atLeast}` : `≤ ${target.atMost}`}${met ? '' : ', MISSED'})`
    : ''
  process.stdout.write(`${name.padEnd(44)} ${String(rounded).padStart(10)} ${unit}${goal}\n`)
}
