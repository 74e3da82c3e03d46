// Stops all containers of a cluster and its containerd, without removing anything that must come back.

import { runningContainerd, stopContainerd } from '../kubelet/runtime/containerd/start-containerd.ts'
import { createCriRuntime } from '../kubelet/runtime/cri/cri-runtime.ts'
import { systemClock } from '../machinery/clock.ts'
import { silentLogger } from '../machinery/logger.ts'
import type { ClusterConfig, ClusterPaths } from './config.ts'
import { containerdOptions } from './node.ts'

const GRACE_SECONDS = 10

/** Stops every sandbox gracefully, then containerd. */
export async function stopPods(setup: {
  config: ClusterConfig
  paths: ClusterPaths
  env: NodeJS.ProcessEnv
}): Promise<void> {
  const options = containerdOptions({
    ...setup,
    clock: systemClock,
    log: silentLogger,
    signal: new AbortController().signal,
  })
  if ((await runningContainerd(options)) === undefined) return
  const runtime = await createCriRuntime({ endpoint: options.socketPath, clock: systemClock, log: silentLogger })
  try {
    const containers = await runtime.listContainers()
    await Promise.all(
      containers.filter((c) => c.state === 'running').map((c) => runtime.stopContainer(c.id, GRACE_SECONDS)),
    )
    const sandboxes = await runtime.listSandboxes()
    await Promise.all(sandboxes.filter((s) => s.ready).map((s) => runtime.stopSandbox(s.id)))
  } finally {
    await runtime.close()
  }
  await stopContainerd(options)
}
