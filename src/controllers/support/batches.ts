// Bounded bursts of requests: slow start for creations, a plain bounded fan-out for everything else.

/** Outcome of `slowStart`: how many succeeded, how many were not tried, and the first error. */
export interface BatchResult {
  readonly succeeded: number
  readonly skipped: number
  readonly error: unknown
}

/**
 * Calls `act` for 0…count-1 in batches of 1, 2, 4, …; stops after a batch in which a call failed, so that a
 * request that cannot succeed is not repeated hundreds of times.
 */
export async function slowStart(count: number, act: (index: number) => Promise<void>): Promise<BatchResult> {
  let done = 0
  let succeeded = 0
  for (let size = Math.min(count, 1); size > 0; size = Math.min(2 * size, count - done)) {
    const results = await Promise.allSettled(Array.from({ length: size }, (_, i) => act(done + i)))
    done += size
    const failed = results.filter((r) => r.status === 'rejected')
    succeeded += size - failed.length
    const first = failed[0]
    if (first) return { succeeded, skipped: count - done, error: first.reason }
  }
  return { succeeded, skipped: 0, error: undefined }
}

/** Runs `act` over all items, at most `limit` at a time. Every item is tried; the first error is thrown at the end. */
export async function forEachBounded<T>(
  items: readonly T[],
  limit: number,
  act: (item: T) => Promise<void>,
): Promise<void> {
  const errors: unknown[] = []
  let next = 0
  const worker = async () => {
    while (next < items.length) {
      const item = items[next++] as T
      try {
        await act(item)
      } catch (error) {
        errors.push(error)
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, worker))
  if (errors.length > 0) throw errors[0]
}
