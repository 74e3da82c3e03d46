// Starting, stopping and removing a cluster from outside its process.

import { spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import type { ClusterPaths } from './config.ts'
import { runningPid } from './running-pid.ts'
import type { ServerMessage } from './serve.ts'

export interface StartOptions {
  readonly paths: ClusterPaths
  readonly name: string
  /** How this program is run: node and the script. */
  readonly self: readonly [string, ...string[]]
  readonly env: NodeJS.ProcessEnv
  /** Told of every step of the server. */
  readonly onMessage: (message: ServerMessage) => void
}

const LOG_TAIL = 2000
const START_MS = 120_000

/** Starts the server detached, its output going to the log file; resolves when its node is ready. */
export async function startDetached(options: StartOptions): Promise<number> {
  const { paths, self } = options
  mkdirSync(paths.data, { recursive: true, mode: 0o755 })
  const log = openSync(paths.log, 'a', 0o600)
  const [program, ...script] = self
  const child = spawn(program, [...script, 'server', '--name', options.name], {
    detached: true,
    stdio: ['ignore', log, log, 'ipc'],
    env: options.env,
    cwd: '/',
  })
  closeSync(log)
  try {
    await new Promise<void>((resolve, reject) => {
      const limit = setTimeout(
        () =>
          reject(
            new Error(
              `it is not ready after ${START_MS / 1000} s and goes on trying; its log says: ${tail(paths.log)}`,
            ),
          ),
        START_MS,
      )
      child.on('disconnect', () => clearTimeout(limit))
      child.on('error', reject)
      child.on('exit', (code) =>
        reject(new Error(`the server ended with code ${code}; its log says: ${tail(paths.log)}`)),
      )
      child.on('message', (message: ServerMessage) => {
        options.onMessage(message)
        if (message.type === 'failed') reject(new Error(message.message))
        else if (message.step === 'node-ready') resolve()
      })
    })
  } finally {
    if (child.connected) child.disconnect()
    child.unref()
  }
  return child.pid ?? 0
}

function tail(file: string): string {
  return existsSync(file) ? readFileSync(file, 'utf8').slice(-LOG_TAIL).trim() : ''
}

const STOP_MS = 30_000
const LOOK_MS = 20

/** Ends the server: SIGTERM, and SIGKILL when it has not ended after 30 s. False when none was running. */
export async function stopServer(paths: ClusterPaths, now: () => number): Promise<boolean> {
  const pid = runningPid(paths)
  if (pid === undefined) return false
  process.kill(pid, 'SIGTERM')
  const deadline = now() + STOP_MS
  // A process that is not our child can only be looked at.
  while (runningPid(paths) === pid) {
    if (now() > deadline) process.kill(pid, 'SIGKILL')
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
  return true
}
