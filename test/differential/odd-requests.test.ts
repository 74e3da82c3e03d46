// Requests that nobody would send get the same refusals. ODD_REQUESTS is how many, ODD_SEED which ones.

import fc from 'fast-check'
import { it } from 'vitest'
import { useServer } from '../conformance/access-support.ts'
import { type OddRequest, oddRequest } from '../conformance/odd-requests.ts'

const REQUESTS = Number(process.env.ODD_REQUESTS ?? 2000)
const SEED = Number(process.env.ODD_SEED ?? 1)
/** What HTTP's own parser refuses in a path, on this side or on that. */
const isSendable = ({ path }: OddRequest) => /^[\x21-\x7e]*$/.test(path)
/** Deleting these would take away what the requests after it are about. */
const isHarmless = ({ method, path }: OddRequest) =>
  !(method === 'DELETE' && /\/namespaces\/?(default)?(\?|$)/.test(path))

const call = useServer({ legacyApis: false })

it(
  `answers ${REQUESTS} odd requests`,
  async () => {
    const requests = fc.sample(oddRequest, { numRuns: REQUESTS, seed: SEED }).filter(isSendable).filter(isHarmless)
    for (const { method, path, headers, body } of requests) {
      await call(path, { method, headers: { ...headers }, ...(body === '' ? {} : { body }) })
    }
  },
  60_000 + REQUESTS * 100,
)
