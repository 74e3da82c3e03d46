// How long a request may take: the server's limit, or less when the client says so.

import type { Clock } from '../../machinery/clock.ts'
import { badRequest, StatusError } from '../../machinery/errors.ts'
import { parseGoDuration } from '../../machinery/go-duration.ts'
import type { Response } from './exchange.ts'
import type { RequestInfo } from './request-info.ts'

/** Milliseconds that a request has. Throws BadRequest when the client's wish cannot be read. */
export function timeLimitOf({ query }: Pick<RequestInfo, 'query'>, maximum: number): number {
  const wish = query.get('timeout')
  if (!wish) return maximum
  const ms = parseGoDuration(wish)
  if (ms === undefined) {
    throw badRequest(`invalid timeout specified in the request URL - time: invalid duration ${JSON.stringify(wish)}`)
  }
  return ms > 0 ? Math.min(ms, maximum) : maximum
}

/** Calls `late` after so long unless the answer is complete by then; nothing else can answer from then on. */
export function limitTime(response: Response, ms: number, clock: Clock, late: (error: StatusError) => void): void {
  const cancel = clock.after(ms, () => {
    late(
      new StatusError({
        message: 'Timeout: request did not complete within the allotted timeout',
        reason: 'Timeout',
        details: {},
        code: 504,
      }),
    )
    mute(response)
  })
  response.on('close', cancel)
}

/** Whoever still works at the answer is not heard. */
function mute(response: Response): void {
  response.setHeader = () => undefined
  response.writeHead = () => undefined
  response.write = () => false
  response.end = () => undefined
  response.destroy = () => undefined
}
