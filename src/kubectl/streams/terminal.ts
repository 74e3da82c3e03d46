// The user's terminal: raw while a remote process has it, its size, and its keys.

import type { KubectlContext } from '../command.ts'

export interface TerminalSize {
  readonly width: number
  readonly height: number
}

export interface Terminal {
  /** Tells the size now and whenever it changes. */
  onResize(tell: (size: TerminalSize) => void, over: AbortSignal): void
  /** Gives the keyboard back. */
  restore(): void
}

/** Whether standard input is a terminal that can be made raw. */
export const canBeRaw = (ctx: Pick<KubectlContext, 'stdin'>): boolean => ctx.stdin().isTTY === true

/** Makes the terminal raw: every key goes to the other side. */
export function takeTerminal(ctx: KubectlContext): Terminal {
  const { stdout } = ctx
  const stdin = ctx.stdin()
  stdin.setRawMode?.(true)
  const size = () => ({ width: stdout.columns ?? 80, height: stdout.rows ?? 24 })
  return {
    onResize(tell, over) {
      const changed = () => tell(size())
      changed()
      stdout.on('resize', changed)
      over.addEventListener('abort', () => stdout.off('resize', changed), { once: true })
    },
    restore: () => void stdin.setRawMode?.(false),
  }
}

interface Input {
  write(data: Buffer): Promise<void>
  end(): void
}

/** Copies standard input until it ends or the command is over; then lets go of it so that the process can end. */
export function sendInput(stdin: NodeJS.ReadableStream, input: Input, over: AbortSignal): void {
  const onData = (chunk: Buffer | string) => {
    stdin.pause()
    input.write(Buffer.from(chunk)).then(
      () => {
        if (!over.aborted) stdin.resume()
      },
      // The socket's own end tells why.
      () => stop(),
    )
  }
  const onEnd = () => input.end()
  const stop = () => {
    stdin.off('data', onData)
    stdin.off('end', onEnd)
    stdin.pause()
    ;(stdin as { unref?: () => void }).unref?.()
  }
  stdin.on('data', onData)
  stdin.once('end', onEnd)
  over.addEventListener('abort', stop, { once: true })
}
