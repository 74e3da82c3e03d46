// What can go wrong in a kubectl command, and how kubectl words it.
// Model: k8s.io/kubectl/pkg/cmd/util/helpers.go.

import { StatusError } from '../machinery/errors.ts'

/** A failure that is explained by its message alone: printed as `error: …`. */
export class KubectlError extends Error {
  override name = 'KubectlError'
}

/** Wrong use of a command; `path` is how it was called, e.g. `kubectl logs`. */
export function usageError(path: string, message: string): KubectlError {
  return new KubectlError(`${message}\nSee '${path} -h' for help and examples`)
}

/** Wrong use of a command whose help is shown before the message. */
export class HelpError extends KubectlError {
  override name = 'HelpError'
}

/** Ends the command with an exit code; prints `message` as it is when there is one. */
export class ExitError extends Error {
  override name = 'ExitError'
  readonly code: number

  constructor(code: number, message = '') {
    super(message)
    this.code = code
  }
}

/** The server could not be reached. */
export class ConnectionError extends Error {
  override name = 'ConnectionError'
  readonly host: string
  readonly refused: boolean

  constructor(options: { host: string; refused: boolean; message: string }, cause?: unknown) {
    super(options.message, { cause })
    this.host = options.host
    this.refused = options.refused
  }
}

/** Several failures of one command, each printed on its own line. */
export class Failures extends Error {
  override name = 'Failures'
  readonly errors: readonly unknown[]

  constructor(errors: readonly unknown[]) {
    super(errors.map(plainMessage).join(', '))
    this.errors = errors
  }
}

/** The kubeconfig cannot be used as it is. */
export class ConfigurationError extends Error {
  override name = 'ConfigurationError'
}

/** Throws what was collected: nothing, the one error, or all of them as Failures. */
export function throwCollected(errors: readonly unknown[]): void {
  const flat = errors.flatMap((e) => (e instanceof Failures ? e.errors : [e]))
  if (flat.length === 1) throw flat[0]
  if (flat.length > 1) throw new Failures(flat)
}

/** `error when creating "x.yaml": …`, keeping what kind of error it is. */
export function withSource(verb: string, source: string, error: unknown): unknown {
  if (source === '') return error
  const message = `error when ${verb} ${JSON.stringify(source)}: ${plainMessage(error)}`
  if (error instanceof StatusError) {
    const { message: _, kind: __, apiVersion: ___, metadata: ____, status: _____, ...rest } = error.status
    return new StatusError({ ...rest, message }, { cause: error })
  }
  return new KubectlError(message, { cause: error })
}

export function plainMessage(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/** The line that explains `error`; without the `error: ` prefix for kinds that kubectl does not know. */
function messageOf(error: unknown): string {
  return standardMessage(error) ?? plainMessage(error)
}

function standardMessage(error: unknown): string | undefined {
  if (error instanceof StatusError) {
    if (error.reason === 'Unauthorized') return `error: You must be logged in to the server (${error.message})`
    return error.reason === ''
      ? `Error from server: ${error.message}`
      : `Error from server (${error.reason}): ${error.message}`
  }
  if (error instanceof ConnectionError) {
    return error.refused
      ? `The connection to the server ${error.host} was refused - did you specify the right host or port?`
      : `Unable to connect to the server: ${error.message}`
  }
  return undefined
}

/** What is written to standard error for a command that failed, and its exit code. */
export function report(error: unknown): { text: string; code: number } {
  if (error instanceof ExitError) return { text: error.message, code: error.code }
  if (error instanceof StatusError && error.reason === 'Invalid') return { text: invalidText(error), code: 1 }
  if (error instanceof ConfigurationError) return { text: `Error in configuration: ${error.message}\n`, code: 1 }
  if (error instanceof Failures) return { text: error.errors.map((e) => `${messageOf(e)}\n`).join(''), code: 1 }
  const standard = standardMessage(error)
  if (standard !== undefined) return { text: line(standard), code: 1 }
  const message = plainMessage(error)
  return { text: line(message.startsWith('error: ') ? message : `error: ${message}`), code: 1 }
}

const line = (text: string) => (text.endsWith('\n') ? text : `${text}\n`)

function invalidText(error: StatusError): string {
  const { details, message } = error.status
  if (!details) return `The request is invalid${message ? `: ${message}` : ''}\n`
  const causes = [...new Set((details.causes ?? []).map((c) => `${c.field ?? ''}: ${c.message ?? ''}`))]
  let head = 'The request is invalid'
  if (details.kind || details.name) head = `The ${details.kind ?? ''} ${JSON.stringify(details.name ?? '')} is invalid`
  else if (message && causes.length === 0) head += `: ${message}`
  if (causes.length === 0) return `${head}\n`
  if (causes.length === 1) return `${head}: ${causes[0]}\n`
  return `${head}: \n${causes.map((c) => `* ${c}\n`).join('')}`
}
