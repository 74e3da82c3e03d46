// Runs other programs for the image commands.

import { spawn } from 'node:child_process'

const MAX_OUTPUT = 1024 * 1024

export interface ProgramResult {
  readonly code: number
  readonly stdout: string
  /** The end of what it wrote there. */
  readonly stderr: string
}

export interface ProgramOptions {
  readonly env: NodeJS.ProcessEnv
  /** Hears everything that the program says, as it says it. */
  readonly progress?: (text: string) => void
  readonly signal?: AbortSignal
}

/** Runs a program to its end; a non-zero exit is a result, not an error. */
export type RunProgram = (file: string, args: readonly string[], options: ProgramOptions) => Promise<ProgramResult>

/** `RunProgram` over real processes. */
export const runProgram: RunProgram = (file, args, { env, progress, signal }) =>
  new Promise((resolve, reject) => {
    const child = spawn(file, [...args], { env, stdio: ['ignore', 'pipe', 'pipe'], ...(signal ? { signal } : {}) })
    const output = { stdout: '', stderr: '' }
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        output[name] = (output[name] + text).slice(-MAX_OUTPUT)
        progress?.(text)
      })
    }
    child.once('error', (cause) => reject(new Error(`cannot run ${file}: ${cause.message}`, { cause })))
    child.once('close', (code, killed) => resolve({ code: code ?? (killed === null ? 1 : 128), ...output }))
  })
