// Says what a machine lacks for running containers, before anything is started.

import type { ClusterConfig } from '../main/config.ts'
import { missingRequirements } from '../main/host.ts'
import { type CommandEnv, CommandError } from './command.ts'

/** Throws when this user or machine cannot run containers and `runtime` asks for them. */
export function checkMachine(runtime: ClusterConfig['runtime'], env: CommandEnv): void {
  if (runtime !== 'cri') return
  if (process.getuid?.() !== 0)
    throw new CommandError('cannot run containers as this user: run sampan as root (sudo), or with --runtime simulated')
  const missing = missingRequirements(env.env)
  if (missing.length === 0) return
  const packages = [...new Set(missing.map((r) => r.package))].join(' ')
  throw new CommandError(
    `cannot run containers: ${missing.map((r) => r.program).join(', ')} not found; install with "apt-get install ${packages}", see "sampan doctor"`,
  )
}
