// Flags and options that commands which change things share: --dry-run, --validate, --field-manager.
// Model: k8s.io/kubectl/pkg/cmd/util/helpers.go.

import type { KubectlContext } from '../command.ts'
import { KubectlError } from '../errors.ts'
import type { Flag } from '../flags.ts'
import { namePrinter, type ObjectPrinter, printerOf, withoutManagedFields } from '../printers/print-flags.ts'

/** Whether a command changes anything: `client` sends nothing, `server` asks the server to keep nothing. */
export type DryRun = 'none' | 'client' | 'server'

export const dryRunFlag: Flag = {
  name: 'dry-run',
  type: 'string',
  fallback: 'none',
  whenBare: 'unchanged',
  description:
    'Must be "none", "server", or "client". If client strategy, only print the object that would be sent, without sending it. If server strategy, submit server-side request without persisting the resource.',
}

export const validateFlag: Flag = {
  name: 'validate',
  type: 'string',
  fallback: 'strict',
  whenBare: 'strict',
  description:
    'Must be one of: strict (or true), warn, ignore (or false). "true" or "strict" will use a schema to validate the input and fail the request if invalid. "warn" will warn about unknown or duplicate fields without blocking the request. "false" or "ignore" will not perform any schema validation, silently dropping any unknown or duplicate fields.',
}

export const fieldManagerFlag = (fallback: string): Flag => ({
  name: 'field-manager',
  type: 'string',
  fallback,
  description: 'Name of the manager used to track field ownership.',
})

/** Kept for scripts: what `--record` once wrote is written no more by newer clients either. */
export const recordFlag: Flag = {
  name: 'record',
  type: 'boolean',
  hidden: true,
  description:
    'Record current kubectl command in the resource annotation. If set to false, do not record the command. If set to true, record the command. If not set, default to updating the existing annotation value only if one already exists.',
}

export const saveConfigFlag: Flag = {
  name: 'save-config',
  type: 'boolean',
  description:
    'If true, the configuration of current object will be saved in its annotation. Otherwise, the annotation will be unchanged. This flag is useful when you want to perform kubectl apply on this object in the future.',
}

export const windowsLineEndingsFlag: Flag = {
  name: 'windows-line-endings',
  type: 'boolean',
  description: 'Defaults to the line ending native to your platform.',
}

export const localFlag = (what: string): Flag => ({
  name: 'local',
  type: 'boolean',
  description: `If true, ${what} will NOT contact api-server but run locally.`,
})

export const allFlag: Flag = {
  name: 'all',
  type: 'boolean',
  description: 'Select all resources, in the namespace of the specified resource types',
}

const BOOLEANS: Readonly<Record<string, boolean>> = {
  true: true,
  '1': true,
  t: true,
  T: true,
  TRUE: true,
  True: true,
  false: false,
  '0': false,
  f: false,
  F: false,
  FALSE: false,
  False: false,
}

/** What --dry-run asks for. Throws KubectlError. */
export function dryRunOf(ctx: Pick<KubectlContext, 'flags' | 'err'>): DryRun {
  const value = ctx.flags.string('dry-run') ?? 'none'
  if (value === 'none' || value === 'client' || value === 'server') return value
  if (value === 'unchanged') {
    ctx.err('Warning: --dry-run is deprecated and can be replaced with --dry-run=client.\n')
    return 'client'
  }
  const bool = BOOLEANS[value]
  if (bool === undefined) {
    throw new KubectlError(`Invalid dry-run value (${value}). Must be "none", "server", or "client".`)
  }
  const meant = bool ? 'client' : 'none'
  ctx.err(`Warning: --dry-run=${value} is deprecated (boolean value) and can be replaced with --dry-run=${meant}.\n`)
  return meant
}

/** What --validate asks the server for. Throws KubectlError. */
export function fieldValidationOf(ctx: Pick<KubectlContext, 'flags'>): 'Strict' | 'Warn' | 'Ignore' {
  const value = ctx.flags.string('validate') ?? 'strict'
  switch (value) {
    case 'strict':
      return 'Strict'
    case 'warn':
      return 'Warn'
    case 'ignore':
      return 'Ignore'
  }
  const bool = BOOLEANS[value]
  if (bool !== undefined) return bool ? 'Strict' : 'Ignore'
  throw new KubectlError(
    `invalid - validate option ${JSON.stringify(value)}; must be one of: strict (or true), warn, ignore (or false)`,
  )
}

/** ` (dry run)` after a message of success. */
export function dryRunSuffix(dryRun: DryRun): string {
  if (dryRun === 'client') return ' (dry run)'
  return dryRun === 'server' ? ' (server dry run)' : ''
}

/** Prints objects by -o, or says that `operation` was done to them. */
export async function resultPrinter(
  ctx: KubectlContext,
  operation: string,
  dryRun: DryRun = 'none',
): Promise<ObjectPrinter> {
  const done = `${operation}${dryRunSuffix(dryRun)}`
  return (await printerOf(ctx, { operation: done })) ?? plainMessage(done)
}

/** `pod/web created`. */
export function plainMessage(operation: string): ObjectPrinter {
  const print = namePrinter('', operation)
  return (object) => print?.(object) ?? ''
}

/** As `resultPrinter`, for objects that kubectl knows as Go types: their JSON has the order of the types. */
export async function typedPrinter(
  ctx: KubectlContext,
  operation: string,
  dryRun: DryRun = 'none',
): Promise<ObjectPrinter> {
  if (ctx.flags.string('output') !== 'json') return resultPrinter(ctx, operation, dryRun)
  const { toTypedJson } = await import('../printers/typed-json.ts')
  const keep = ctx.flags.boolean('show-managed-fields')
  return (object) => toTypedJson(keep ? object : withoutManagedFields(object))
}
