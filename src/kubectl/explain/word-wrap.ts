// Wraps text at words, keeping its own line feeds and the spaces inside lines.

const PIECE = /([^\S\u00a0]*)([\S\u00a0]*)/gu

/** Breaks lines longer than `limit` characters between words; a longer word stays whole. */
export function wrapWords(text: string, limit: number): string {
  return text
    .split('\n')
    .map((line) => wrapLine(line, limit))
    .join('\n')
}

function wrapLine(line: string, limit: number): string {
  let out = ''
  let used = 0
  for (const [, space = '', word = ''] of line.matchAll(PIECE)) {
    const gap = length(space)
    const size = length(word)
    if (size === 0) {
      if (used + gap <= limit) out += space
      continue
    }
    // A word that fits no line still starts on a line of its own.
    if (used + gap + Math.min(size, limit - 1) > limit) {
      out += `\n${word}`
      used = size
    } else {
      out += space + word
      used += gap + size
    }
  }
  return out
}

function length(text: string): number {
  return [...text].length
}
