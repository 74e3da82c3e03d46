// Credentials that are there but wrong: clients learn only that they are, reviews of tokens why.

import { StatusError } from '../../machinery/errors.ts'

/** Unauthorized; `why` is its cause. */
export function refused(why: string): StatusError {
  return new StatusError({ message: 'Unauthorized', reason: 'Unauthorized', code: 401 }, { cause: new Error(why) })
}
