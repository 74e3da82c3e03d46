// What changed between two texts, as `diff -u` shows it, without the names of files.
// Model: Ratcliff and Obershelp's matching as Python's difflib does it, which Go's difflib follows to the letter.

const CONTEXT = 3
/** From so many lines on, lines that are all over the text are not looked for. */
const MANY_LINES = 200

interface Block {
  readonly a: number
  readonly b: number
  readonly size: number
}

/** Lines `a1` to `a2` of the one text become `b1` to `b2` of the other. */
interface Edit {
  readonly same: boolean
  readonly a1: number
  readonly a2: number
  readonly b1: number
  readonly b2: number
}

/** The differences, a hunk after the other; nothing when there are none. */
export function unifiedDiff(before: string, after: string): string {
  const [a, b] = [before.split('\n'), after.split('\n')]
  return hunks(edits(matchingBlocks(a, b)))
    .map((hunk) => hunkText(hunk, a, b))
    .join('')
}

/** Where each line of a text is; lines that are too common are left out. */
function positionsOf(lines: readonly string[]): ReadonlyMap<string, readonly number[]> {
  const positions = new Map<string, number[]>()
  for (const [i, line] of lines.entries()) {
    const known = positions.get(line)
    if (known) known.push(i)
    else positions.set(line, [i])
  }
  if (lines.length < MANY_LINES) return positions
  const most = Math.floor(lines.length / 100) + 1
  for (const [line, places] of positions) if (places.length > most) positions.delete(line)
  return positions
}

/** What both texts have, from the longest run outwards, in order; a block of no lines closes the list. */
function matchingBlocks(a: readonly string[], b: readonly string[]): Block[] {
  const positions = positionsOf(b)
  const found: Block[] = []
  const open = [{ a1: 0, a2: a.length, b1: 0, b2: b.length }]
  for (let range = open.pop(); range; range = open.pop()) {
    const block = longestMatch(a, b, positions, range)
    if (block.size === 0) continue
    found.push(block)
    open.push({ a1: range.a1, a2: block.a, b1: range.b1, b2: block.b })
    open.push({ a1: block.a + block.size, a2: range.a2, b1: block.b + block.size, b2: range.b2 })
  }
  found.sort((x, y) => x.a - y.a || x.b - y.b)
  return [...found, { a: a.length, b: b.length, size: 0 }]
}

function longestMatch(
  a: readonly string[],
  b: readonly string[],
  positions: ReadonlyMap<string, readonly number[]>,
  { a1, a2, b1, b2 }: Omit<Edit, 'same'>,
): Block {
  let [bestA, bestB, size] = [a1, b1, 0]
  // How long the run is that ends at a line of `b`, and at the line of `a` before this one.
  let runs = new Map<number, number>()
  for (let i = a1; i < a2; i++) {
    const next = new Map<number, number>()
    for (const j of positions.get(a[i] ?? '') ?? []) {
      if (j < b1) continue
      if (j >= b2) break
      const length = (runs.get(j - 1) ?? 0) + 1
      next.set(j, length)
      if (length > size) [bestA, bestB, size] = [i - length + 1, j - length + 1, length]
    }
    runs = next
  }
  // Common lines around it belong to it as well.
  while (bestA > a1 && bestB > b1 && a[bestA - 1] === b[bestB - 1])
    [bestA, bestB, size] = [bestA - 1, bestB - 1, size + 1]
  while (bestA + size < a2 && bestB + size < b2 && a[bestA + size] === b[bestB + size]) size += 1
  return { a: bestA, b: bestB, size }
}

function edits(blocks: readonly Block[]): Edit[] {
  const list: Edit[] = []
  let [i, j] = [0, 0]
  for (const { a, b, size } of joined(blocks)) {
    if (i < a || j < b) list.push({ same: false, a1: i, a2: a, b1: j, b2: b })
    if (size > 0) list.push({ same: true, a1: a, a2: a + size, b1: b, b2: b + size })
    ;[i, j] = [a + size, b + size]
  }
  return list
}

/** Blocks that follow on one another are one. */
function joined(blocks: readonly Block[]): Block[] {
  const list: Block[] = []
  for (const block of blocks) {
    const last = list.at(-1)
    if (last && last.a + last.size === block.a && last.b + last.size === block.b) {
      list[list.length - 1] = { ...last, size: last.size + block.size }
    } else list.push(block)
  }
  return list
}

/** Groups of edits with some lines around them that are the same. */
function hunks(list: readonly Edit[]): Edit[][] {
  const groups: Edit[][] = []
  let group: Edit[] = []
  for (const [n, edit] of list.entries()) {
    const { same, a1, a2, b1, b2 } = edit
    if (!same) {
      group.push(edit)
      continue
    }
    const lead = { same, a1: Math.max(a1, a2 - CONTEXT), a2, b1: Math.max(b1, b2 - CONTEXT), b2 }
    const trail = { same, a1, a2: Math.min(a2, a1 + CONTEXT), b1, b2: Math.min(b2, b1 + CONTEXT) }
    const [first, last] = [n === 0, n === list.length - 1]
    if (first) group = last ? [] : [lead]
    else if (last) group.push(trail)
    else if (a2 - a1 > 2 * CONTEXT) {
      groups.push([...group, trail])
      group = [lead]
    } else group.push(edit)
  }
  return group.some(({ same }) => !same) ? [...groups, group] : groups
}

function hunkText(hunk: readonly Edit[], a: readonly string[], b: readonly string[]): string {
  const [first, last] = [hunk[0], hunk.at(-1)]
  if (!first || !last) return ''
  const lines = hunk.flatMap(({ same, a1, a2, b1, b2 }) =>
    same
      ? a.slice(a1, a2).map((line) => ` ${line}`)
      : [...a.slice(a1, a2).map((line) => `-${line}`), ...b.slice(b1, b2).map((line) => `+${line}`)],
  )
  const head = `@@ -${rangeText(first.a1, last.a2)} +${rangeText(first.b1, last.b2)} @@`
  return [head, ...lines, ''].join('\n')
}

function rangeText(start: number, stop: number): string {
  const length = stop - start
  if (length === 1) return String(start + 1)
  return `${length === 0 ? start : start + 1},${length}`
}
