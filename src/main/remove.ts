// Removes every trace of a cluster from this machine: containers, mounts, namespaces, rules, bridge, cgroups, files.

import { existsSync, readdirSync, rmdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { removeCniNetwork } from '../kubelet/runtime/containerd/cni-config.ts'
import { deleteContainerd } from '../kubelet/runtime/containerd/delete-containerd.ts'
import { execWith, unmountAll } from '../kubelet/runtime/containerd/host.ts'
import type { Clock } from '../machinery/clock.ts'
import type { Logger } from '../machinery/logger.ts'
import { runWith } from '../network/host.ts'
import { tearDownPodNetwork } from '../network/pod-network.ts'
import { bridgeName, type ClusterConfig, type ClusterPaths, nftablesTable, tunnelName } from './config.ts'
import { stopIngress } from './ingress.ts'
import { cniOptions, containerdOptions } from './node.ts'

export interface RemoveOptions {
  readonly config: ClusterConfig
  readonly paths: ClusterPaths
  readonly env: NodeJS.ProcessEnv
  readonly clock: Clock
  readonly log: Logger
  readonly signal: AbortSignal
  /** Told of every step before it begins. */
  readonly onStep: (text: string) => void
}

/** Removes the cluster; its server must have ended. Safe to run again after a failure. */
export async function removeCluster(options: RemoveOptions): Promise<void> {
  const { config, paths, onStep } = options
  const withPath = { ...options.env, PATH: `${options.env.PATH ?? ''}:/usr/sbin:/sbin` }
  const exec = execWith(withPath)
  await stopIngress(paths)
  if (config.runtime === 'cri') {
    if (!config.containerRuntimeEndpoint) {
      onStep('removing containers')
      await deleteContainerd(containerdOptions(options))
    }
    onStep('removing the pod network')
    await tearDownPodNetwork({
      bridge: bridgeName(config.name),
      table: nftablesTable(config.name),
      devices: [tunnelName(config.name)],
      run: runWith(withPath),
    })
    await removeCniNetwork({ config: cniOptions(config, paths), exec })
    removeCgroups(`sampan-${config.name}`)
  }
  onStep('removing data')
  await unmountAll(exec, [paths.data, paths.run])
  rmSync(paths.data, { recursive: true, force: true })
  rmSync(paths.run, { recursive: true, force: true })
}

/** Removes the cgroup `name` and everything below it from every hierarchy. Groups that still hold processes stay an error. */
function removeCgroups(name: string): void {
  const root = '/sys/fs/cgroup'
  const hierarchies = existsSync(join(root, 'cgroup.controllers'))
    ? [root]
    : readdirSync(root).map((h) => join(root, h))
  for (const hierarchy of hierarchies) {
    const group = join(hierarchy, name)
    if (existsSync(group)) removeGroup(group)
  }
}

function removeGroup(path: string): void {
  for (const entry of readdirSync(path, { withFileTypes: true })) {
    if (entry.isDirectory()) removeGroup(join(path, entry.name))
  }
  rmdirSync(path)
}
