// Runs a plugin in kubectl's place: with its streams, its environment and its exit code.

import { spawn } from 'node:child_process'
import { constants } from 'node:os'
import type { KubectlEnvironment } from '../command.ts'
import { plainMessage } from '../errors.ts'
import type { PluginCall } from './find.ts'

const SIGNALLED = 128

/** Resolves to the plugin's exit code. */
export function runPlugin({ file, args }: PluginCall, world: KubectlEnvironment): Promise<number> {
  return new Promise((resolve) => {
    // How the plugin can call kubectl again, whatever it is called here.
    const env = { ...world.env, KUBECTL_PATH: world.executable }
    const child = spawn(file, args, { cwd: world.cwd, env, stdio: 'inherit' })
    child.once('error', (error) => {
      world.stderr.write(`Error: ${plainMessage(error)}\n`)
      resolve(1)
    })
    child.once('close', (code, signal) => {
      resolve(code ?? SIGNALLED + (signal === null ? 0 : constants.signals[signal]))
    })
  })
}
