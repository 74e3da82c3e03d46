// Carries out postStart and preStop handlers.

import type { LifecycleHandler } from '../../api/generated/core-v1.ts'
import { sleep } from '../../machinery/clock.ts'
import type { DeepReadonly } from '../../machinery/deep-readonly.ts'
import { httpGet, httpUrl } from '../probes/probers.ts'
import type { PodEnv } from './pod-env.ts'
import type { ApiContainer, PodRuntimeState } from './types.ts'

const HTTP_TIMEOUT_MS = 30_000

/** Rejects when the handler fails or the signal aborts. `timeoutSeconds` 0 means none for commands. */
export async function runHook(
  env: PodEnv,
  handler: DeepReadonly<LifecycleHandler>,
  options: {
    container: ApiContainer
    containerId: string
    state: PodRuntimeState
    timeoutSeconds: number
    signal: AbortSignal
  },
): Promise<void> {
  const { container, containerId, signal } = options
  if (handler.exec) {
    const command = handler.exec.command ?? []
    const answer = await env.runtime.execSync(containerId, command, options.timeoutSeconds)
    if (answer.exitCode === 0) return
    throw new Error(`command '${command.join(' ')}' exited with ${answer.exitCode}: ${answer.stderr.toString()}`)
  }
  if (handler.httpGet) {
    const host = options.state.ips[0] ?? env.node.hostIPs[0] ?? ''
    const url = httpUrl(handler.httpGet, container, host)
    const headers = Object.fromEntries((handler.httpGet.httpHeaders ?? []).map((h) => [h.name.toLowerCase(), h.value]))
    const limit = new AbortController()
    const cancel = env.clock.after(HTTP_TIMEOUT_MS, () => limit.abort())
    const both = AbortSignal.any([signal, limit.signal])
    await httpGet(url, { 'user-agent': `kube-lifecycle/${env.version}`, ...headers }, both).finally(cancel)
    return
  }
  if (handler.sleep) {
    await sleep(env.clock, handler.sleep.seconds * 1000, { signal })
    return
  }
  throw new Error(`invalid handler: ${Object.keys(handler).join(', ')}`)
}
