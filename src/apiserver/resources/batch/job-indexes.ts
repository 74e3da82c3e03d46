// Lists of indexes in the status of a job, `1,3-5,7`. Wording: k8s.io/kubernetes/pkg/apis/batch/validation.

const WHOLE = /^[+-]?\d+$/

type Interval = readonly [number, number] | string

/** An interval, or what is wrong with it. */
function intervalOf(text: string, completions: number): Interval {
  const limits = text.split('-')
  if (limits.length > 2) {
    return `the fragment ${JSON.stringify(text)} violates the requirement that an index interval can have at most two parts separated by '-'`
  }
  for (const limit of limits) {
    if (!WHOLE.test(limit)) return `cannot convert string to integer for index: ${JSON.stringify(limit)}`
    if (Number(limit) >= completions) return `too large index: ${JSON.stringify(limit)}`
  }
  const [from, to] = [Number(limits[0]), Number(limits.at(-1))]
  if (limits.length > 1 && from >= to) return `non-increasing order, previous: ${from}, current: ${to}`
  return [from, to]
}

/** What is wrong with a list. Upstream: validateIndexesFormat. */
export function indexesProblem(list: string, completions: number): string | undefined {
  if (list === '') return undefined
  let last = -1
  for (const text of list.split(',')) {
    const interval = intervalOf(text, completions)
    if (typeof interval === 'string') return interval
    const [from, to] = interval
    if (last >= from) return `non-increasing order, previous: ${last}, current: ${from}`
    last = to
  }
  return undefined
}

/** Says which index both lists have. What cannot be read is left out. */
export function overlapProblem(completed: string, failed: string, completions: number): string | undefined {
  const read = (list: string) =>
    list.split(',').flatMap((text) => {
      const interval = intervalOf(text, completions)
      return typeof interval === 'string' ? [] : [interval]
    })
  const others = read(failed)
  let next = 0
  for (const [from, to] of read(completed)) {
    for (let other = others[next]; other && other[0] <= to; other = others[next]) {
      if (from <= other[1]) return `failedIndexes and completedIndexes overlap at index: ${Math.max(from, other[0])}`
      next += 1
    }
  }
  return undefined
}
