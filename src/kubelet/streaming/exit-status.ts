// How the end of a remote command is told: the v1.Status that protocols v4 and v5 send on the error channel.

import type { Status } from '../../api/generated/meta-v1.ts'

/** What came of a remote command: it ran to an exit code, or something else went wrong. */
export type Outcome =
  | { readonly kind: 'exited'; readonly exitCode: number }
  | { readonly kind: 'failed'; readonly message: string }

/** The status to send. */
export function outcomeToStatus(outcome: Outcome): Partial<Status> {
  if (outcome.kind === 'failed') {
    const { message } = outcome
    return {
      metadata: {},
      status: 'Failure',
      message: `Internal error occurred: ${message}`,
      reason: 'InternalError',
      details: { causes: [{ message }] },
      code: 500,
    }
  }
  if (outcome.exitCode === 0) return { metadata: {}, status: 'Success' }
  return {
    metadata: {},
    status: 'Failure',
    message: `command terminated with exit code ${outcome.exitCode}`,
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: String(outcome.exitCode) }] },
  }
}

/** Reads a status that was sent; nothing at all means success. */
export function statusToOutcome(text: string): Outcome {
  if (text.trim() === '') return { kind: 'exited', exitCode: 0 }
  let status: Partial<Status>
  try {
    status = JSON.parse(text)
  } catch {
    return { kind: 'failed', message: `error stream protocol error: ${JSON.stringify(text)}` }
  }
  if (status.status === 'Success') return { kind: 'exited', exitCode: 0 }
  if (status.reason === 'NonZeroExitCode') {
    const cause = status.details?.causes?.find(({ reason }) => reason === 'ExitCode')
    const exitCode = Number(cause?.message)
    if (Number.isInteger(exitCode)) return { kind: 'exited', exitCode }
    return { kind: 'failed', message: 'error stream protocol error: no exit code given' }
  }
  return { kind: 'failed', message: status.message ?? 'error stream protocol error: unknown error' }
}
