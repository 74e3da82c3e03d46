// Numbers and switches in a request's query, read as upstream's parameter codec reads them.
// Model: k8s.io/apimachinery/pkg/runtime/converter.go, Convert_Slice_string_To_int64 and its siblings.

import { badRequest } from '../../machinery/errors.ts'
import { quote } from '../../machinery/go/format.ts'

/** A number of the query, null when it is not given. Throws BadRequest as upstream's parameter codec does. */
export function integerOf(query: URLSearchParams, name: string): number | null {
  const text = query.get(name)
  if (text === null) return null
  if (!/^[+-]?\d+$/.test(text)) throw badRequest(`strconv.ParseInt: parsing ${quote(text)}: invalid syntax`)
  const value = Number(text)
  if (!Number.isSafeInteger(value)) {
    throw badRequest(`strconv.ParseInt: parsing ${quote(text)}: value out of range`)
  }
  return value
}

/** A switch of the query, undefined when it is not given: everything but "false" and "0" turns it on, as upstream has it. */
export function switchOf(query: URLSearchParams, name: string): boolean | undefined {
  const text = query.get(name)
  return text === null ? undefined : !/^(?:false|0)$/i.test(text)
}
