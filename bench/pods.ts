// How many pods a second become ready, and how many the container runtime alone can start.

import {
  get,
  IMAGE,
  isReady,
  type Json,
  NAME,
  NAMESPACE,
  podOf,
  post,
  serverPid,
  target,
  up,
  watchUntil,
} from './cluster.ts'
import { report } from './figures.ts'
import { runtimeAlone } from './floor.ts'
import { open, send } from './load.ts'

export async function measurePods(): Promise<void> {
  const session = await open(target())
  const count = 30
  const started = performance.now()
  const ready = new Set<string>()
  const done = watchUntil(session, `${NAMESPACE}/pods?watch=1&labelSelector=bench=many`, (pod) => {
    if (isReady(pod)) ready.add(pod.metadata.name)
    return ready.size === count
  })
  await post(session, '/apis/apps/v1/namespaces/default/deployments', {
    metadata: { name: 'many' },
    spec: {
      replicas: count,
      selector: { matchLabels: { bench: 'many' } },
      template: { metadata: { labels: { bench: 'many' } }, spec: podOf('x').spec },
    },
  })
  await done
  report('pods Ready per second (30 pods)', count / ((performance.now() - started) / 1000), 'pods/s', { atLeast: 10 })
  await send(session, { method: 'DELETE', path: '/apis/apps/v1/namespaces/default/deployments/many' })
  for (let left = count; left > 0; ) {
    left = ((await get(session, `${NAMESPACE}/pods?labelSelector=bench=many`)) as Json).items.length
    if (left > 0) await new Promise((resolve) => setTimeout(resolve, 100))
  }
  session.destroy()
  await measureRuntime(count)
}

/** The container runtime without us: the server is killed, which its containerd outlives, and started again. */
async function measureRuntime(count: number): Promise<void> {
  process.kill(await serverPid(), 'SIGKILL')
  const sandboxSeccomp = `/var/lib/sampan/${NAME}/pause-seccomp.json`
  const alone = await runtimeAlone({
    endpoint: `/run/sampan/${NAME}/containerd.sock`,
    sandboxSeccomp,
    image: IMAGE,
    count,
  })
  report('  the container runtime alone', alone, 'pods/s')
  await up()
}
