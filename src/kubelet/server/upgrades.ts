// Routes exec, attach and portForward to the streaming protocols.

import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { RuntimeCache } from '../pods/runtime-cache.ts'
import type { ApiPod } from '../pods/types.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { HttpError } from './container-lookup.ts'
import type { KubeletServerEnv } from './server.ts'

/** Makes the handler of upgrade requests. */
export function upgradeHandler(_env: {
  runtime: Runtime
  cache: RuntimeCache
  find(namespace: string, name: string): ApiPod | undefined
}): KubeletServerEnv['upgrade'] {
  return async (_segments: readonly string[], _url: URL, _req: IncomingMessage, _socket: Duplex, _head: Buffer) => {
    throw new HttpError(404, '404 page not found')
  }
}
