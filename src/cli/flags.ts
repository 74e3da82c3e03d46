// Command-line flags as pflag reads them: `--name=x`, `--name x`, `-o json`, `-ojson`, `-o=json`, `--bool`, `--`.

/** One flag. `boolean` ones take a value only after `=`. */
export interface Flag {
  readonly name: string
  readonly short?: string
  readonly type: 'string' | 'boolean' | 'strings'
  readonly description: string
  /** Shown in help; the value when the flag is absent. */
  readonly fallback?: string
}

export interface ParsedFlags {
  /** What is neither a flag nor a flag's value. */
  readonly args: readonly string[]
  string(name: string): string | undefined
  boolean(name: string): boolean
  strings(name: string): readonly string[]
}

/** Wrong use of a command; the message is for the user. */
export class UsageError extends Error {
  override name = 'UsageError'
}

const TRUE = new Set(['true', '1', 't', 'T', 'TRUE', 'True'])
const FALSE = new Set(['false', '0', 'f', 'F', 'FALSE', 'False'])

/** Parses arguments. Throws UsageError for unknown flags and missing or wrong values. */
export function parseFlags(flags: readonly Flag[], argv: readonly string[]): ParsedFlags {
  const values = new Map<string, string[]>()
  const args: string[] = []
  for (let i = 0; i < argv.length; i++) {
    const word = argv[i] ?? ''
    if (word === '--') {
      args.push(...argv.slice(i + 1))
      break
    }
    if (!word.startsWith('-') || word === '-') {
      args.push(word)
      continue
    }
    const { flag, inline } = lookUp(flags, word)
    let value = inline
    if (value === undefined) {
      if (flag.type === 'boolean') value = 'true'
      else {
        value = argv[++i]
        if (value === undefined) throw new UsageError(`flag needs an argument: ${word}`)
      }
    }
    if (flag.type === 'boolean' && !TRUE.has(value) && !FALSE.has(value)) {
      throw new UsageError(
        `invalid argument ${JSON.stringify(value)} for "--${flag.name}" flag: expected true or false`,
      )
    }
    values.set(flag.name, [...(values.get(flag.name) ?? []), value])
  }
  const fallbackOf = (name: string) => flags.find((f) => f.name === name)?.fallback
  return {
    args,
    string: (name) => values.get(name)?.at(-1) ?? fallbackOf(name),
    boolean: (name) => TRUE.has(values.get(name)?.at(-1) ?? fallbackOf(name) ?? 'false'),
    strings: (name) => values.get(name) ?? [],
  }
}

function lookUp(flags: readonly Flag[], word: string): { flag: Flag; inline: string | undefined } {
  if (word.startsWith('--')) {
    const equals = word.indexOf('=')
    const name = equals < 0 ? word.slice(2) : word.slice(2, equals)
    const flag = flags.find((f) => f.name === name)
    if (!flag) throw new UsageError(`unknown flag: --${name}`)
    return { flag, inline: equals < 0 ? undefined : word.slice(equals + 1) }
  }
  const short = word[1] ?? ''
  const flag = flags.find((f) => f.short === short)
  if (!flag) throw new UsageError(`unknown shorthand flag: '${short}' in ${word}`)
  const rest = word.slice(2)
  if (rest === '') return { flag, inline: undefined }
  if (flag.type === 'boolean' && !rest.startsWith('=')) {
    throw new UsageError(`unknown shorthand flag: '${rest[0]}' in ${word}`)
  }
  return { flag, inline: rest.startsWith('=') ? rest.slice(1) : rest }
}
