// Reads what an ended container left as its termination message.

import { open } from 'node:fs/promises'
import { ifThere } from '../../machinery/if-there.ts'
import type { ContainerState } from '../runtime/runtime.ts'
import { parseLogLine } from '../server/log-format.ts'
import { ANNOTATION_TERMINATION_PATH, ANNOTATION_TERMINATION_POLICY } from './identity.ts'
import { readAtMost } from './read-at-most.ts'

const MAX_FILE_BYTES = 4096
const MAX_LOG_BYTES = 2048
const MAX_LOG_LINES = 80

/** The file's text, or the end of the log when policy and exit code say so. Empty when there is none. */
export async function terminationMessage(container: ContainerState): Promise<string> {
  const path = container.annotations[ANNOTATION_TERMINATION_PATH]
  try {
    const text = path ? await readAtMost(path, MAX_FILE_BYTES) : undefined
    if (text && text.length > 0) return text.toString()
  } catch (error) {
    // As upstream: what cannot be read is the message, and does not keep the pod from going on.
    return `Error on reading termination log ${path}: ${error instanceof Error ? error.message : String(error)}`
  }
  const fallback = container.annotations[ANNOTATION_TERMINATION_POLICY] === 'FallbackToLogsOnError'
  if (!fallback || container.exitCode === 0 || container.logPath === '') return ''
  return logTail(container.logPath)
}

async function logTail(path: string): Promise<string> {
  const file = await ifThere(open(path))
  if (!file) return ''
  try {
    const { size } = await file.stat()
    const length = Math.min(size, MAX_LOG_BYTES * 8)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, size - length)
    const lines = buffer
      .subarray(0, bytesRead)
      .toString('latin1')
      .split('\n')
      .slice(-MAX_LOG_LINES - 1)
    const text = lines
      .map((line) => parseLogLine(Buffer.from(line, 'latin1')))
      .filter((line) => line !== undefined)
      .map((line) => (line.partial ? line.content.toString() : `${line.content.toString()}\n`))
      .join('')
    return text.slice(-MAX_LOG_BYTES)
  } finally {
    await file.close()
  }
}
