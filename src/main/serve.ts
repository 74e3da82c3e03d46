// The server process: everything of one cluster, until it is told to end. What `sampan up` starts detached.

import { closeSync, mkdirSync, openSync, rmSync, writeFileSync } from 'node:fs'
import { systemClock } from '../machinery/clock.ts'
import { jsonLogger, type LogLevel } from '../machinery/logger.ts'
import { systemRandom } from '../machinery/random.ts'
import { startAgent } from './agent.ts'
import { startCluster } from './cluster.ts'
import type { ClusterConfig, ClusterPaths } from './config.ts'
import { primaryAddress } from './host.ts'
import { runningPid } from './running-pid.ts'
import { createSupervisor } from './supervisor.ts'

/** What the server tells whoever started it. */
export type ServerMessage =
  | { readonly type: 'step'; readonly step: 'api-ready' | 'node-ready' }
  | { readonly type: 'failed'; readonly message: string }

export interface ServeOptions {
  readonly config: ClusterConfig
  readonly paths: ClusterPaths
  readonly logLevel: LogLevel
  readonly write: (line: string) => void
  /** Tells the starter how far things are. */
  readonly notify: (message: ServerMessage) => void
  readonly env: NodeJS.ProcessEnv
  /** File with the API's prose; need not be there. */
  readonly apiDocs: string
}

/** From which of upstream's levels on everything is logged. */
const DEBUG_VERBOSITY = 4

/** Runs the cluster until SIGTERM or SIGINT. Gives the exit code. */
export async function serve(options: ServeOptions): Promise<number> {
  const { config, paths } = options
  const logging = { write: options.write, level: options.logLevel, now: () => Date.now() }
  const log = jsonLogger(logging)
  claimPidFile(paths)
  let finish: (code: number) => void = () => {}
  const finished = new Promise<number>((resolve) => {
    finish = resolve
  })
  const supervisor = createSupervisor({
    log,
    onFailure(name, error) {
      options.notify({ type: 'failed', message: `${name}: ${error instanceof Error ? error.message : String(error)}` })
      finish(1)
    },
  })
  const stop = () => finish(0)
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  try {
    const start = config.agent ? startAgent : startCluster
    const cluster = await start({
      config,
      paths,
      nodeIP: primaryAddress(),
      clock: systemClock,
      random: systemRandom,
      log,
      setVerbosity(level) {
        logging.level = level >= DEBUG_VERBOSITY ? 'debug' : options.logLevel
      },
      supervisor,
      env: options.env,
      apiDocs: options.apiDocs,
      onStep: (step) => options.notify({ type: 'step', step }),
    })
    const code = await finished
    log.info('stopping', { code })
    await cluster.close()
    return code
  } finally {
    rmSync(paths.pidFile, { force: true })
  }
}

/** Writes our pid where others look for it. Throws when the cluster runs already. */
function claimPidFile(paths: ClusterPaths): void {
  mkdirSync(paths.run, { recursive: true, mode: 0o755 })
  const other = runningPid(paths)
  if (other !== undefined) throw new Error(`the cluster is running already, as process ${other}`)
  rmSync(paths.pidFile, { force: true })
  const file = openSync(paths.pidFile, 'wx', 0o644)
  writeFileSync(file, `${process.pid}\n`)
  closeSync(file)
}
