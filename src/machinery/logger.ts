// Structured logging: an event name plus fields, one line of JSON each.

/** Fields of a log line; an `error` field may hold anything that was thrown. */
export type LogFields = Record<string, unknown>

/** A logger bound to a component. Levels: debug, info, warn, error. */
export interface Logger {
  debug(event: string, fields?: LogFields): void
  info(event: string, fields?: LogFields): void
  warn(event: string, fields?: LogFields): void
  error(event: string, fields?: LogFields): void
  /** A logger whose lines also carry `fields`. */
  with(fields: LogFields): Logger
}

const LEVELS = { debug: 10, info: 20, warn: 30, error: 40 } as const
/** Least severe level that is written. */
export type LogLevel = keyof typeof LEVELS

/** Writes one JSON line per event through `write`. `now` gives milliseconds since the epoch. */
export function jsonLogger(options: { write: (line: string) => void; level: LogLevel; now: () => number }): Logger {
  const make = (bound: LogFields): Logger => {
    const at =
      (level: LogLevel) =>
      (event: string, fields: LogFields = {}) => {
        if (LEVELS[level] < LEVELS[options.level]) return
        const line = { time: new Date(options.now()).toISOString(), level, event, ...bound, ...fields }
        options.write(`${JSON.stringify(line, describe)}\n`)
      }
    return {
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      with: (fields) => make({ ...bound, ...fields }),
    }
  }
  return make({})
}

/** Discards everything; for tests that do not look at logs. */
export const silentLogger: Logger = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  with: () => silentLogger,
}

function describe(_key: string, value: unknown): unknown {
  if (!(value instanceof Error)) return value
  return {
    name: value.name,
    message: value.message,
    stack: value.stack,
    ...(value.cause === undefined ? {} : { cause: value.cause }),
  }
}
