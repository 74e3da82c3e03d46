// How the network components run the host's programs (nft, ip, conntrack): input in, exit code and output back.

import { spawn } from 'node:child_process'

export interface RunResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program to its end with `stdin` as its input; a non-zero exit is a result, not an error. */
export type Run = (file: string, args: readonly string[], stdin?: string) => Promise<RunResult>

const TIMEOUT_MS = 30_000
const MAX_OUTPUT = 64 * 1024 * 1024

/** `Run` over real processes with this environment. `prefix` is put before every command, e.g. `ip netns exec x`. */
export function runWith(env: NodeJS.ProcessEnv, prefix: readonly string[] = []): Run {
  return (file, args, stdin = '') => {
    const [program = file, ...rest] = [...prefix, file, ...args]
    return new Promise((resolve, reject) => {
      const child = spawn(program, rest, { env, timeout: TIMEOUT_MS, killSignal: 'SIGKILL' })
      const out: Buffer[] = []
      const err: Buffer[] = []
      let size = 0
      const collect = (into: Buffer[]) => (chunk: Buffer) => {
        size += chunk.length
        if (size > MAX_OUTPUT) child.kill('SIGKILL')
        else into.push(chunk)
      }
      child.stdout.on('data', collect(out))
      child.stderr.on('data', collect(err))
      child.on('error', reject)
      // A program that exits before it has read everything says why in its output.
      child.stdin.on('error', () => {})
      child.on('close', (code, signal) => {
        const stderr = Buffer.concat(err).toString()
        resolve({
          code: code ?? 128,
          stdout: Buffer.concat(out).toString(),
          stderr: signal === null ? stderr : `${stderr}killed by ${signal}`,
        })
      })
      child.stdin.end(stdin)
    })
  }
}

/** Runs and rejects when the program does not exit with 0. `what` completes "cannot …". */
export async function mustRun(
  run: Run,
  what: string,
  command: readonly [string, ...string[]],
  stdin?: string,
): Promise<string> {
  const [file, ...args] = command
  const { code, stdout, stderr } = await run(file, args, stdin)
  if (code !== 0) throw new Error(`cannot ${what}: ${file} exited with ${code}: ${stderr.trim().slice(0, 2000)}`)
  return stdout
}
