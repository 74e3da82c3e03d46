// `a=b,c=d`: labels as flags take them.

import { KubectlError } from '../errors.ts'

/** Reads labels; the empty text has none. Throws KubectlError. */
export function parseLabels(text: string): Record<string, string> | undefined {
  if (text === '') return undefined
  const labels: Record<string, string> = {}
  for (const part of text.split(',')) {
    const [key = '', value, ...more] = part.split('=')
    if (value === undefined || more.length > 0) throw new KubectlError(`unexpected label spec: ${part}`)
    if (key === '') throw new KubectlError('unexpected empty label key')
    labels[key] = value
  }
  return labels
}
