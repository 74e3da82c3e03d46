// Container log lines as CRI runtimes write them: `2026-01-02T03:04:05.123456789Z stdout F text`. Pure.

export interface LogLine {
  readonly time: string
  readonly stream: 'stdout' | 'stderr'
  /** The line goes on in the next record. */
  readonly partial: boolean
  readonly content: Buffer
}

const SPACE = 0x20

/** Takes one line without its newline apart; undefined when it is none. */
export function parseLogLine(line: Buffer): LogLine | undefined {
  const first = line.indexOf(SPACE)
  const second = first < 0 ? -1 : line.indexOf(SPACE, first + 1)
  if (second < 0) return undefined
  const third = line.indexOf(SPACE, second + 1)
  const stream = line.toString('latin1', first + 1, second)
  const tags = line.toString('latin1', second + 1, third < 0 ? line.length : third)
  if (stream !== 'stdout' && stream !== 'stderr') return undefined
  return {
    time: line.toString('latin1', 0, first),
    stream,
    partial: tags.split(':')[0] === 'P',
    content: third < 0 ? Buffer.alloc(0) : line.subarray(third + 1),
  }
}

/** Milliseconds of a log line's time; the digits below are dropped. */
export function logTimeMs(time: string): number {
  return Date.parse(time.replace(/(\.\d{3})\d+/, '$1'))
}
