// Progress while a command works: one line a step with its time; plain lines where there is no terminal.

export interface Progress {
  /** A step begins; the one before it is done. */
  step(text: string): void
  /** The last step is done, perhaps with something to add. */
  done(text?: string): void
  fail(): void
}

/** Writes steps to `stream`. `now` gives milliseconds. */
export function createProgress(
  stream: NodeJS.WritableStream & { readonly isTTY?: boolean },
  now: () => number,
): Progress {
  let current: { text: string; started: number } | undefined
  const live = stream.isTTY === true
  const finish = (mark: string, text?: string) => {
    if (!current) return
    const seconds = ((now() - current.started) / 1000).toFixed(2)
    stream.write(`${live ? '\r\x1b[K' : ''}${mark} ${text ?? current.text}  ${seconds}s\n`)
    current = undefined
  }
  return {
    step(text) {
      finish('✓')
      current = { text, started: now() }
      if (live) stream.write(`… ${text}`)
    },
    done: (text) => finish('✓', text),
    fail: () => finish('✗'),
  }
}
