// What is wrong with a value of the wrong type, as Go's converter of unstructured objects says it.
// Model: fromUnstructured of k8s.io/apimachinery/pkg/runtime.

import type { DecodeError } from '../decode.ts'
import { kindOf } from './value.ts'

const SIMPLE = new Set(['string', 'bool', 'int32', 'int64', 'float64'])
/** Types that read themselves from JSON, and so complain like JSON does. */
const OWN_READERS = new Set(['resource.Quantity', 'intstr.IntOrString', 'v1.Time', 'v1.MicroTime', 'v1.Duration'])

/** The converter's words for an error that the JSON decoder found. */
export function unstructuredError({ message, mismatch }: DecodeError): string {
  if (!mismatch) {
    return message.startsWith('illegal base64') ? `error decoding from json: ${message}` : message
  }
  const { given, goType } = mismatch
  const kind = kindOf(given)
  if (SIMPLE.has(goType)) {
    const number = kind === 'int64' || kind === 'float64'
    const wantsNumber = goType !== 'string' && goType !== 'bool'
    const convertible = number && (wantsNumber || (goType === 'string' && kind === 'int64'))
    return convertible ? `cannot convert ${kind} to ${goType}` : `unrecognized type: ${goType}`
  }
  if (goType.startsWith('[]')) return `cannot restore slice from ${kind}`
  if (goType.startsWith('map[')) return `cannot restore map from ${kind}`
  return OWN_READERS.has(goType) ? message : `cannot restore struct from: ${kind}`
}
