// The resource versions that clients send.
// Spec: https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions

import { badRequest, type StatusError, serverProblem } from '../../machinery/errors.ts'
import { quote } from '../../machinery/go/format.ts'

const LARGEST = 2n ** 64n - 1n

/** What is wrong with a version, if it is no unsigned 64-bit number; none at all is fine. */
function problemOf(text: string): string | undefined {
  if (text === '') return undefined
  const problem = !/^\d+$/.test(text) ? 'invalid syntax' : BigInt(text) > LARGEST ? 'value out of range' : undefined
  return problem && `strconv.ParseUint: parsing ${quote(text)}: ${problem}`
}

const named = (text: string, problem: string) => `resourceVersion: Invalid value: ${quote(text)}: ${problem}`

/** The version as a number, 0 for none. Throws BadRequest for what is none. Model: ValidateListResourceVersion. */
export function parseResourceVersion(text: string): number {
  const problem = problemOf(text)
  if (problem !== undefined) throw badRequest(`invalid resource version: ${named(text, problem)}`)
  return Number(text)
}

/** Zero in more digits than one is no version, and does not have what is special about `0`. */
export const canonicalVersion = (text: string) => (/^00+$/.test(text) ? '' : text)

/** Throws a problem of the server, as upstream does for the versions of watches and gets. Model: ParseResourceVersion. */
export function checkVersionOfRead(text: string): void {
  const problem = problemOf(text)
  if (problem !== undefined) throw serverProblem(named(text, problem))
}

/** What an update is answered with that names no version. Model: APIObjectVersioner.ObjectResourceVersion. */
export function wrongVersionOfObject(text: string): StatusError | undefined {
  const problem = problemOf(text)
  return problem === undefined ? undefined : serverProblem(problem)
}
