// The frame of a `create` subcommand: flags, one name, one object, and how a refusal is worded.

import type { Invocation, KubectlCommand, KubectlContext } from '../command.ts'
import { ConnectionError, KubectlError, plainMessage } from '../errors.ts'
import type { Flag } from '../flags.ts'
import type { KubeObject } from '../object.ts'
import { dryRunOf, fieldValidationOf, typedPrinter } from '../write/flags.ts'
import { createMade, madeFlags } from './made.ts'

export interface Made {
  readonly ctx: KubectlContext
  readonly name: string
  /** What follows `--`. */
  readonly command: readonly string[]
  readonly path: string
}

interface Generator {
  readonly name: string
  readonly aliases?: readonly string[]
  readonly usage: string
  readonly short: string
  readonly flags: readonly Flag[]
  /** `failed to create …: ` before what the server says; none leaves it as it is. */
  readonly failure?: string
  make(options: Made): KubeObject | Promise<KubeObject>
}

/** A subcommand that makes one object. */
export function generator({ make, failure, ...rest }: Generator): KubectlCommand {
  return {
    ...rest,
    flags: [...madeFlags(), ...rest.flags],
    async run(invocation, ctx) {
      const { name, command } = wordsOf(invocation)
      const dryRun = dryRunOf(ctx)
      const print = await typedPrinter(ctx, 'created', dryRun)
      const fieldValidation = fieldValidationOf(ctx)
      const object = await make({ ctx, name, command, path: invocation.path })
      ctx.out(print(await createMade(ctx, object, { fieldValidation }).catch((error) => explain(error, failure))))
      return 0
    },
  }
}

function explain(error: unknown, failure: string | undefined): never {
  if (failure === undefined || error instanceof ConnectionError) throw error
  throw new KubectlError(`failed to create ${failure} ${plainMessage(error)}`, { cause: error })
}

function wordsOf({ args, flags, path }: Invocation): { name: string; command: readonly string[] } {
  const before = flags.argsBeforeDash ?? args.length
  const [name] = args
  if (before === 1 && name !== undefined) return { name, command: args.slice(1) }
  throw new KubectlError(`exactly one NAME is required, got ${before}\nSee '${path} -h' for help and examples`)
}

/** A flag that takes a text. */
export const textFlag = (name: string, description: string, more: Partial<Flag> = {}): Flag => ({
  name,
  type: 'string',
  description,
  ...more,
})

/** Throws KubectlError when a flag that must be there is not. */
export function requireFlags(ctx: KubectlContext, ...names: readonly string[]): void {
  const missing = names.filter((name) => !ctx.flags.changed(name)).map((name) => JSON.stringify(name))
  if (missing.length > 0) throw new KubectlError(`required flag(s) ${missing.join(', ')} not set`)
}
