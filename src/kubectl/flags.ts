// Command-line flags as pflag reads them: `--name=x`, `--name x`, `-o json`, `-ojson`, `-o=json`, `-it`, `--bool`, `--`.

/** One flag. `boolean` ones and those with `whenBare` take a value only after `=`. */
export interface Flag {
  readonly name: string
  readonly short?: string
  /** `strings` repeats (`stringArray`), `slice` repeats and splits at commas (`stringSlice`). */
  readonly type: 'string' | 'boolean' | 'strings' | 'slice' | 'int' | 'duration'
  readonly description: string
  /** Shown in help; the value when the flag is absent. */
  readonly fallback?: string
  /** The value of the flag when it stands without one, as in `--dry-run`. */
  readonly whenBare?: string
  /** Left out of help. */
  readonly hidden?: boolean
}

export interface ParsedFlags {
  /** What is neither a flag nor a flag's value. */
  readonly args: readonly string[]
  /** How many of `args` stand before `--`; undefined when there was none. */
  readonly argsBeforeDash: number | undefined
  string(name: string): string | undefined
  boolean(name: string): boolean
  strings(name: string): readonly string[]
  int(name: string): number
  /** Milliseconds. */
  duration(name: string): number
  /** Whether the flag was given. */
  changed(name: string): boolean
}

/** Wrong use of a command; the message is for the user. */
export class UsageError extends Error {
  override name = 'UsageError'
}

const TRUE = new Set(['true', '1', 't', 'T', 'TRUE', 'True'])
const FALSE = new Set(['false', '0', 'f', 'F', 'FALSE', 'False'])
// A long name after a single dash (`-namespace=x`) is read as meant from this length on; shorter ones are bundles of shorthands.
const LEAST_LONG_NAME = 4

/** Parses arguments. Throws UsageError for unknown flags and missing or wrong values. */
export function parseFlags(flags: readonly Flag[], argv: readonly string[]): ParsedFlags {
  const reader = createReader(flags, argv)
  const args: string[] = []
  let argsBeforeDash: number | undefined
  for (let word = reader.next(); word !== undefined; word = reader.next()) {
    if (word === '--') {
      argsBeforeDash = args.length
      args.push(...reader.rest())
      break
    }
    if (!word.startsWith('-') || word === '-') args.push(word)
    else reader.flag(word)
  }
  return parsedFlags(flags, reader.values, args, argsBeforeDash)
}

function createReader(flags: readonly Flag[], argv: readonly string[]) {
  const long = new Map(flags.map((f) => [f.name, f]))
  const short = new Map(flags.flatMap((f) => (f.short ? [[f.short, f] as const] : [])))
  const values = new Map<string, string[]>()
  let i = 0
  const next = () => argv[i++]
  const set = (flag: Flag, value: string) => {
    check(flag, value)
    values.set(flag.name, [...(values.get(flag.name) ?? []), value])
  }
  const readLong = (word: string, body: string) => {
    const equals = body.indexOf('=')
    const name = equals < 0 ? body : body.slice(0, equals)
    const flag = long.get(name)
    if (!flag) throw new UsageError(`unknown flag: --${name}`)
    const value = equals < 0 ? (bareValue(flag) ?? next()) : body.slice(equals + 1)
    if (value === undefined) throw new UsageError(`flag needs an argument: ${word}`)
    set(flag, value)
  }
  const readShorts = (word: string) => {
    for (let rest = word.slice(1); rest !== ''; ) {
      const letter = rest[0] ?? ''
      const flag = short.get(letter)
      if (!flag) throw new UsageError(`unknown shorthand flag: '${letter}' in -${rest}`)
      const after = rest.slice(1)
      const bare = bareValue(flag)
      if (after.startsWith('=')) return set(flag, after.slice(1))
      if (bare !== undefined) {
        set(flag, bare)
        rest = after
        continue
      }
      const value = after === '' ? next() : after
      if (value === undefined) throw new UsageError(`flag needs an argument: '${letter}' in -${rest}`)
      return set(flag, value)
    }
  }
  return {
    values,
    next,
    rest: () => argv.slice(i),
    flag(word: string) {
      if (word.startsWith('--')) return readLong(word, word.slice(2))
      const name = word.slice(1).split('=', 1)[0] ?? ''
      if (name.length >= LEAST_LONG_NAME && long.has(name)) return readLong(word, word.slice(1))
      readShorts(word)
    },
  }
}

/** The value of a flag that stands alone; undefined when it needs one. */
function bareValue(flag: Flag): string | undefined {
  return flag.whenBare ?? (flag.type === 'boolean' ? 'true' : undefined)
}

function parsedFlags(
  flags: readonly Flag[],
  values: ReadonlyMap<string, readonly string[]>,
  args: readonly string[],
  argsBeforeDash: number | undefined,
): ParsedFlags {
  const byName = new Map(flags.map((f) => [f.name, f]))
  const last = (name: string) => values.get(name)?.at(-1) ?? byName.get(name)?.fallback
  const list = (name: string): readonly string[] => {
    const given = values.get(name)
    const flag = byName.get(name)
    const all = given ?? (flag?.fallback === undefined || flag.fallback === '' ? [] : [flag.fallback])
    return flag?.type === 'slice' ? all.flatMap(splitCommas) : all
  }
  return {
    args,
    argsBeforeDash,
    string: last,
    boolean: (name) => TRUE.has(last(name) ?? 'false'),
    strings: list,
    int: (name) => Number(last(name) ?? 0),
    duration: (name) => parseGoDuration(last(name) ?? '0s') ?? 0,
    changed: (name) => values.has(name),
  }
}

/** Entries of a flag of `name=value` pairs, as pflag's stringToString reads them. Throws UsageError. */
export function stringMap(flags: ParsedFlags, name: string): Map<string, string> {
  const entries = new Map<string, string>()
  for (const value of flags.strings(name)) {
    const equals = value.split('=').length - 1
    // Commas part pairs only where there is more than one.
    const pairs = equals === 1 ? [value.replace(/^"+|"+$/g, '')] : equals === 0 ? [value] : splitCommas(value)
    for (const pair of pairs) {
      const at = pair.indexOf('=')
      if (at < 0) {
        const problem = `${pair} must be formatted as key=value`
        throw new UsageError(`invalid argument ${JSON.stringify(value)} for "--${name}" flag: ${problem}`)
      }
      entries.set(pair.slice(0, at), pair.slice(at + 1))
    }
  }
  return entries
}

/** Splits as a line of CSV: commas inside double quotes do not count. */
function splitCommas(value: string): string[] {
  if (value === '') return []
  if (!value.includes('"')) return value.split(',')
  return [...value.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map((m) =>
    m[1] === undefined ? (m[2] ?? '') : m[1].replaceAll('""', '"'),
  )
}

const UNITS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
}

/** Milliseconds of a Go duration such as `1m30s`; undefined when it is none. */
export function parseGoDuration(text: string): number | undefined {
  const body = text.replace(/^[-+]/, '')
  if (body === '0') return 0
  if (!/^(\d+(\.\d*)?|\.\d+)(ns|us|\u00b5s|ms|s|m|h)((\d+(\.\d*)?|\.\d+)(ns|us|\u00b5s|ms|s|m|h))*$/.test(body))
    return undefined
  let ms = 0
  for (const [, amount, unit] of body.matchAll(/([\d.]+)(ns|us|\u00b5s|ms|s|m|h)/g)) {
    ms += Number(amount) * (UNITS[unit ?? ''] ?? 0)
  }
  return text.startsWith('-') ? -ms : ms
}

function check(flag: Flag, value: string): void {
  const problem = problemWith(flag, value)
  if (problem === undefined) return
  const shown = flag.short ? `-${flag.short}, --${flag.name}` : `--${flag.name}`
  throw new UsageError(`invalid argument ${JSON.stringify(value)} for "${shown}" flag: ${problem}`)
}

function problemWith(flag: Flag, value: string): string | undefined {
  const quoted = JSON.stringify(value)
  switch (flag.type) {
    case 'boolean':
      return TRUE.has(value) || FALSE.has(value) ? undefined : `strconv.ParseBool: parsing ${quoted}: invalid syntax`
    case 'int':
      return /^[-+]?\d+$/.test(value) ? undefined : `strconv.ParseInt: parsing ${quoted}: invalid syntax`
    case 'duration':
      if (parseGoDuration(value) !== undefined) return undefined
      return /^[-+]?[\d.]+$/.test(value)
        ? `time: missing unit in duration ${quoted}`
        : `time: invalid duration ${quoted}`
    case 'string':
    case 'strings':
    case 'slice':
      return undefined
  }
}

/**
 * Takes the next word that is no flag out of the arguments, as the name of a command; `flags` are those that may
 * stand before it. Undefined when there is none.
 */
export function takeCommandWord(
  flags: readonly Flag[],
  argv: readonly string[],
): { word: string; rest: readonly string[] } | undefined {
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] ?? ''
    if (word === '--') return undefined
    if (!word.startsWith('-') || word === '-') return { word, rest: [...argv.slice(0, i), ...argv.slice(i + 1)] }
    if (word.includes('=')) continue
    const flag = word.startsWith('--')
      ? flags.find((f) => f.name === word.slice(2))
      : flags.find((f) => f.short === word[1] && word.length === 2)
    if (flag && bareValue(flag) === undefined) i++
  }
  return undefined
}
