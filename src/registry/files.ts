// Files that are written whole or not at all, and survive a loss of power.

import type { Hash } from 'node:crypto'
import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'

/** Moves a finished file to its place, and makes sure that the move lasts. */
export async function settleFile(temporary: string, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await rename(temporary, path)
  const directory = await open(dirname(path), 'r')
  try {
    await directory.sync()
  } finally {
    await directory.close()
  }
}

/** Writes a small file in one step. `temporary` is on the same file system. */
export async function writeWhole(path: string, content: Buffer | string, temporary: string): Promise<void> {
  await mkdir(dirname(temporary), { recursive: true })
  const file = await open(temporary, 'wx', 0o644)
  try {
    await file.writeFile(content)
    await file.sync()
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  } finally {
    await file.close()
  }
  await settleFile(temporary, path)
}

/** Appends a stream to an open file, hashing on the way; gives the number of bytes. */
export async function appendStream(
  file: FileHandle,
  source: AsyncIterable<Uint8Array>,
  hash: Hash | undefined,
): Promise<number> {
  let size = 0
  for await (const chunk of source) {
    hash?.update(chunk)
    for (let at = 0; at < chunk.length; ) at += (await file.write(chunk, at)).bytesWritten
    size += chunk.length
  }
  return size
}
