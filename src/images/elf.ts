// Reads from an ELF file whether it needs a loader and shared libraries.

import { open } from 'node:fs/promises'

const PT_DYNAMIC = 2
const PT_INTERP = 3
const MAX_HEADERS = 64 * 1024

export interface ElfInfo {
  /** The loader that starts it, `/lib64/ld-linux-x86-64.so.2`; a library has none. */
  readonly interpreter?: string
  /** Whether it needs shared libraries, or is one. */
  readonly dynamic: boolean
}

/** What kind of program a file is. */
export type ProgramKind =
  | { readonly kind: 'elf'; readonly elf: ElfInfo }
  | { readonly kind: 'script'; readonly interpreter: readonly string[] }
  | { readonly kind: 'other' }

/** Looks at the beginning of a file. */
export async function programKind(path: string): Promise<ProgramKind> {
  const file = await open(path, 'r')
  try {
    const head = Buffer.alloc(MAX_HEADERS)
    const { bytesRead } = await file.read(head, 0, head.length, 0)
    return parseProgram(head.subarray(0, bytesRead))
  } finally {
    await file.close()
  }
}

/** Decides from a file's first bytes; program headers and the loader's name stand there. */
export function parseProgram(head: Buffer): ProgramKind {
  if (head.toString('latin1', 0, 2) === '#!') {
    const line = head.toString('utf8', 2, Math.min(head.length, 256)).split('\n')[0] ?? ''
    return { kind: 'script', interpreter: line.trim().split(/\s+/) }
  }
  if (head.length < 64 || head.toString('latin1', 0, 4) !== '\x7fELF') return { kind: 'other' }
  return { kind: 'elf', elf: parseElf(head) }
}

function parseElf(head: Buffer): ElfInfo {
  const wide = head[4] === 2
  const little = head[5] === 1
  const u16 = (at: number) => (little ? head.readUInt16LE(at) : head.readUInt16BE(at))
  const u32 = (at: number) => (little ? head.readUInt32LE(at) : head.readUInt32BE(at))
  const word = (at: number) => {
    if (!wide) return u32(at)
    return Number(little ? head.readBigUInt64LE(at) : head.readBigUInt64BE(at))
  }
  const table = word(wide ? 32 : 28)
  const entrySize = u16(wide ? 54 : 42)
  const count = u16(wide ? 56 : 44)
  let interpreter: string | undefined
  let dynamic = false
  for (let i = 0; i < count; i++) {
    const at = table + i * entrySize
    if (at + entrySize > head.length) break
    const type = u32(at)
    if (type === PT_DYNAMIC) dynamic = true
    if (type !== PT_INTERP) continue
    const start = word(at + (wide ? 8 : 4))
    const size = word(at + (wide ? 32 : 16))
    // Libraries that can also be run keep it far behind; they are as well served by ldd.
    if (start + size <= head.length) interpreter = head.toString('utf8', start, start + size).replace(/\0.*$/s, '')
  }
  return { dynamic, ...(interpreter === undefined ? {} : { interpreter }) }
}
