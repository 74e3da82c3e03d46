// Starts a cluster's, or a node's, process in the background and tells its progress.

import type { ClusterPaths } from '../main/config.ts'
import { startDetached } from '../main/lifecycle.ts'
import { type CommandEnv, CommandError } from './command.ts'
import type { Progress } from './progress.ts'

export const STEPS = { 'api-ready': 'API server ready', 'node-ready': 'node ready' } as const

/** Resolves when the node is ready. Throws CommandError with what the process said. */
export async function startInBackground(options: {
  readonly name: string
  readonly paths: ClusterPaths
  readonly env: CommandEnv
  readonly progress: Progress
}): Promise<void> {
  const { name, paths, env, progress } = options
  try {
    await startDetached({
      paths,
      name,
      self: env.self,
      env: env.env,
      onMessage: (message) => {
        if (message.type !== 'step') return
        progress.done(STEPS[message.step])
        if (message.step === 'api-ready') progress.step('waiting for the node')
      },
    })
  } catch (error) {
    progress.fail()
    throw new CommandError(
      `cannot start ${JSON.stringify(name)}: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
}
