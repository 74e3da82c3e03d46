// Reads files that containers write: however large they make them, only the beginning is taken in.

import { open } from 'node:fs/promises'
import { ifThere } from '../../machinery/if-there.ts'

/** The first `limit` bytes of a file; undefined when it is not there. */
export async function readAtMost(path: string, limit: number): Promise<Buffer | undefined> {
  const file = await ifThere(open(path))
  if (!file) return undefined
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(limit), 0, limit, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}
