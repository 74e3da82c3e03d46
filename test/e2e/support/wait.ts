// Waiting for a condition, with a limit.

const LOOK_MS = 50

/** Asks until `check` gives something; rejects after `timeoutMs` with what was last seen. */
export async function eventually<T>(
  what: string,
  check: () => Promise<T | undefined> | T | undefined,
  timeoutMs = 30_000,
): Promise<T> {
  const deadline = Date.now() + timeoutMs
  let last: unknown
  for (;;) {
    try {
      const found = await check()
      if (found !== undefined) return found
    } catch (error) {
      last = error
    }
    if (Date.now() > deadline) throw new Error(`${what} did not come about in ${timeoutMs} ms`, { cause: last })
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
}
