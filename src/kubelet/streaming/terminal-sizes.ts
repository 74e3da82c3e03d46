// Terminal sizes as they come from a client; only the latest counts, so nothing piles up.

import type { TerminalSize } from '../runtime/runtime.ts'

const MAX_TEXT = 1024

export class TerminalSizes implements AsyncIterable<TerminalSize> {
  #latest: TerminalSize | undefined
  #text = ''
  #over = false
  #wake = () => {}

  /** Text with one or more sizes, possibly in parts: `{"Width":80,"Height":24}`. */
  feed(text: string): void {
    this.#text = (this.#text + text).slice(-MAX_TEXT)
    for (let end = this.#text.indexOf('}'); end !== -1; end = this.#text.indexOf('}')) {
      const size = parseSize(this.#text.slice(0, end + 1))
      this.#text = this.#text.slice(end + 1)
      if (size !== undefined) this.#latest = size
    }
    this.#wake()
  }

  end(): void {
    this.#over = true
    this.#wake()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<TerminalSize> {
    for (;;) {
      if (this.#latest !== undefined) {
        const size = this.#latest
        this.#latest = undefined
        yield size
      } else if (this.#over) return
      else {
        await new Promise<void>((resolve) => {
          this.#wake = resolve
        })
      }
    }
  }
}

function parseSize(text: string): TerminalSize | undefined {
  const width = Number(/"Width"\s*:\s*(\d+)/i.exec(text)?.[1])
  const height = Number(/"Height"\s*:\s*(\d+)/i.exec(text)?.[1])
  return Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0 ? { width, height } : undefined
}
