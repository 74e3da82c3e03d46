// The server's log file: bounded, the last few kept.

import { closeSync, fstatSync, openSync, renameSync, rmSync, writeSync } from 'node:fs'

export interface LogFile {
  write(line: string): void
  close(): void
}

/** Appends to `path`. At `maxBytes` it becomes `path.1`, that one `path.2`, up to `kept` old files. */
export function openLogFile(options: { path: string; maxBytes: number; kept: number }): LogFile {
  const { path, maxBytes, kept } = options
  let file = openSync(path, 'a', 0o600)
  let size = fstatSync(file).size
  const rotate = () => {
    closeSync(file)
    rmSync(`${path}.${kept}`, { force: true })
    for (let n = kept - 1; n >= 1; n--) moveIfThere(`${path}.${n}`, `${path}.${n + 1}`)
    renameSync(path, `${path}.1`)
    file = openSync(path, 'a', 0o600)
    size = 0
  }
  return {
    write(line) {
      if (size > 0 && size + line.length > maxBytes) rotate()
      size += writeSync(file, line)
    },
    close: () => closeSync(file),
  }
}

function moveIfThere(from: string, to: string): void {
  try {
    renameSync(from, to)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  }
}
