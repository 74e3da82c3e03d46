// Routes exec, attach and portForward requests to the container or sandbox they name.

import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Clock } from '../../machinery/clock.ts'
import type { Logger } from '../../machinery/logger.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { serveAttach, serveExec } from '../streaming/command-server.ts'
import { servePortForward } from '../streaming/port-forward-server.ts'
import { findRunning, findSandbox, HttpError, type LookupEnv } from './container-lookup.ts'
import { containerPath } from './requests.ts'

export interface UpgradesEnv extends LookupEnv {
  readonly runtime: Runtime
  readonly clock: Clock
  readonly log: Logger
}

/** Serves one request to its end. Rejects with an HttpError when it names nothing that is there. */
export async function serveUpgrade(
  env: UpgradesEnv,
  segments: readonly string[],
  request: { readonly req: IncomingMessage; readonly socket: Duplex; readonly head: Buffer },
): Promise<void> {
  const { clock, log, runtime } = env
  const shared = { ...request, clock, log }
  const [action, namespace, pod] = segments
  if (action === 'portForward' && namespace && pod) {
    const sandbox = await findSandbox(env, { namespace, pod })
    const connect = (port: number, options: { readonly signal: AbortSignal }) =>
      runtime.portForward(sandbox.id, port, options)
    await servePortForward({ ...shared, pod: sandbox.pod, connect })
    return
  }
  const path = action === 'exec' || action === 'attach' ? containerPath(segments) : undefined
  if (!path) throw new HttpError(404, '404 page not found')
  const { id } = await findRunning(env, path)
  if (action === 'attach') await serveAttach({ ...shared, run: (_, streams) => runtime.attach(id, streams) })
  else await serveExec({ ...shared, run: ({ command }, streams) => runtime.exec(id, command, streams) })
}
