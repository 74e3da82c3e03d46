// The resource versions that clients send.
// Spec: https://kubernetes.io/docs/reference/using-api/api-concepts/#resource-versions

import { badRequest } from '../../machinery/errors.ts'

const LARGEST = 2n ** 64n - 1n

/** The version as a number, 0 for none. Throws BadRequest for what is no unsigned 64-bit number. */
export function parseResourceVersion(text: string): number {
  if (text === '') return 0
  const problem = !/^\d+$/.test(text) ? 'invalid syntax' : BigInt(text) > LARGEST ? 'value out of range' : undefined
  if (problem !== undefined) {
    throw badRequest(`invalid resource version: strconv.ParseUint: parsing ${JSON.stringify(text)}: ${problem}`)
  }
  return Number(text)
}
