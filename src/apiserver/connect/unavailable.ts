// 503: what is behind cannot be reached.

import { StatusError } from '../../machinery/errors.ts'

/** 503 in the API's form. */
export function unavailable(message: string, options: { cause?: unknown } = {}): StatusError {
  return new StatusError({ message, reason: 'ServiceUnavailable', code: 503 }, options)
}
