// Collects files of this machine for an image: programs, the libraries they need, and the links on the way to them.

import type { Stats } from 'node:fs'
import { lstat, readdir, readlink, realpath, stat } from 'node:fs/promises'
import { isAbsolute, posix } from 'node:path'
import { programKind } from './elf.ts'
import type { RunProgram } from './program.ts'

const MAX_LINKS = 40

/** One file, directory or link of an image. Paths have no leading slash. */
export interface ImageFile {
  readonly path: string
  readonly kind: 'file' | 'directory' | 'symlink'
  readonly mode: number
  readonly size: number
  /** Where a link points. */
  readonly target?: string
  /** Where a file's content is on this machine… */
  readonly source?: string
  /** …or the content itself. */
  readonly content?: Buffer
}

export interface HostTreeOptions {
  readonly run: RunProgram
  readonly env: NodeJS.ProcessEnv
  /** Directories in which programs given by name alone are looked for. */
  readonly searchPath: readonly string[]
}

/** The files of an image in the making. What one layer has, later layers do not repeat. */
export class HostTree {
  readonly layers: Map<string, ImageFile>[] = [new Map()]
  readonly #options: HostTreeOptions
  readonly #all = new Map<string, ImageFile>()

  constructor(options: HostTreeOptions) {
    this.#options = options
  }

  /** Begins the next layer. */
  nextLayer(): void {
    if (this.layers.at(-1)?.size !== 0) this.layers.push(new Map())
  }

  /** Adds what a user asks for: `/usr/bin/node`, `node`, a directory, or `source:destination`. */
  async addPath(spec: string): Promise<void> {
    const colon = spec.indexOf(':')
    if (colon > 0) return this.addCopy(spec.slice(0, colon), spec.slice(colon + 1))
    const path = spec.includes('/') ? posix.resolve(spec) : await this.#search(spec)
    const found = await this.#follow(path)
    if (found.stats.isDirectory()) await this.#copyDirectory(found.path, found.path)
  }

  /** Whether this machine has what `addPath` would add. */
  async has(spec: string): Promise<boolean> {
    return spec.includes('/') ? this.#exists(spec) : (await this.#find(spec)) !== undefined
  }

  /** Adds a file or directory of this machine under another path; a trailing slash keeps its name. */
  async addCopy(source: string, destination: string): Promise<void> {
    if (!isAbsolute(destination)) throw new Error(`cannot pack to "${destination}": expected an absolute path`)
    const from = source.includes('/') || (await this.#exists(source)) ? source : await this.#search(source)
    const real = await realpath(from)
    const to = destination.endsWith('/') ? posix.join(destination, posix.basename(from)) : destination
    if ((await stat(real)).isDirectory()) await this.#copyDirectory(real, this.#resolve(to))
    else await this.#copyFile(real, this.#resolve(to))
  }

  /** Adds a file that is on no disk. */
  addContent(file: { readonly path: string; readonly content: Buffer | string; readonly mode?: number }): void {
    const content = Buffer.from(file.content)
    const path = this.#resolve(file.path)
    this.#parents(path)
    this.#put({ path: strip(path), kind: 'file', mode: file.mode ?? 0o644, size: content.length, content })
  }

  addDirectory(path: string, mode = 0o755): void {
    const resolved = this.#resolve(path)
    this.#parents(resolved)
    this.#put({ path: strip(resolved), kind: 'directory', mode, size: 0 })
  }

  /** Adds a path of this machine if it is there, with the links on the way. */
  async addIfThere(path: string): Promise<void> {
    if (await this.#exists(path)) await this.#follow(path)
  }

  /** Adds a link as this machine has it, such as `/bin` to `usr/bin`; nothing when it is no link. */
  async addLinkIfThere(path: string): Promise<void> {
    const stats = await lstat(path).catch(missingIsNothing)
    if (stats?.isSymbolicLink()) await this.#follow(path)
  }

  // Goes down a path as the kernel does, and takes along every link.
  async #follow(path: string, options: { readonly alone?: boolean } = {}): Promise<{ path: string; stats: Stats }> {
    let rest = path.split('/').filter((part) => part !== '')
    let at = '/'
    let stats = await lstat('/')
    for (let links = 0; rest.length > 0; ) {
      const next = posix.join(at, rest[0] ?? '')
      rest = rest.slice(1)
      stats = await lstat(next)
      if (stats.isSymbolicLink()) {
        if (++links > MAX_LINKS) throw new Error(`cannot pack "${path}": too many levels of symbolic links`)
        const target = await readlink(next)
        this.#put({ path: strip(next), kind: 'symlink', mode: 0o777, size: 0, target })
        rest = [
          ...posix
            .resolve(at, target)
            .split('/')
            .filter((part) => part !== ''),
          ...rest,
        ]
        at = '/'
        stats = await lstat('/')
        continue
      }
      if (stats.isDirectory()) this.#put(directory(next, stats))
      else if (stats.isFile()) await this.#putFile(next, next, stats, options)
      else throw new Error(`cannot pack "${next}": it is neither file, directory nor link`)
      at = next
    }
    return { path: at, stats }
  }

  async #copyFile(source: string, destination: string): Promise<void> {
    this.#parents(destination)
    await this.#putFile(source, destination, await stat(source))
  }

  async #copyDirectory(source: string, destination: string): Promise<void> {
    this.#parents(destination)
    this.#put(directory(destination, await stat(source)))
    const entries = await readdir(source)
    for (const name of entries.sort()) {
      const [from, to] = [posix.join(source, name), posix.join(destination, name)]
      const stats = await lstat(from)
      if (stats.isDirectory()) await this.#copyDirectory(from, to)
      else if (stats.isFile()) await this.#putFile(from, to, stats)
      else if (stats.isSymbolicLink()) {
        this.#put({ path: strip(to), kind: 'symlink', mode: 0o777, size: 0, target: await readlink(from) })
      }
      // Sockets, pipes and devices of this machine mean nothing in an image.
    }
  }

  async #putFile(
    source: string,
    destination: string,
    stats: Stats,
    options: { readonly alone?: boolean } = {},
  ): Promise<void> {
    const path = strip(destination)
    if (this.#all.get(path)?.source === source) return
    this.#put({ path, kind: 'file', mode: stats.mode & 0o7777, size: stats.size, source })
    if (!options.alone) await this.#addNeeds(source, stats)
  }

  async #addNeeds(path: string, stats: Stats): Promise<void> {
    const program = await programKind(path)
    if (program.kind === 'elf' && program.elf.dynamic) {
      const { interpreter } = program.elf
      // The list has what libraries need in turn.
      const needs = await this.#libraries(path, interpreter)
      for (const need of interpreter === undefined ? needs : [interpreter, ...needs]) {
        await this.#follow(need, { alone: true })
      }
    }
    // Only what can be executed names an interpreter.
    if (program.kind !== 'script' || (stats.mode & 0o111) === 0) return
    const [interpreter = '', argument] = program.interpreter
    if (isAbsolute(interpreter)) await this.#follow(interpreter)
    if (posix.basename(interpreter) === 'env' && argument !== undefined && /^[\w.+-]+$/.test(argument)) {
      if (!argument.startsWith('-')) await this.#follow(await this.#search(argument))
    }
  }

  async #libraries(path: string, interpreter: string | undefined): Promise<string[]> {
    const { run, env } = this.#options
    const [file, args] = interpreter === undefined ? ['ldd', [path]] : [interpreter, ['--list', path]]
    const { code, stdout, stderr } = await run(file, args, { env })
    if (code !== 0 && /not a dynamic executable|statically linked/.test(stdout + stderr)) return []
    if (code !== 0) throw new Error(`cannot find the libraries of "${path}": ${(stderr || stdout).trim()}`)
    return parseLibraries(stdout, path)
  }

  async #search(name: string): Promise<string> {
    const path = await this.#find(name)
    if (path !== undefined) return path
    throw new Error(`cannot find program "${name}" in ${this.#options.searchPath.join(':')}`)
  }

  async #find(name: string): Promise<string | undefined> {
    for (const directoryPath of this.#options.searchPath) {
      const path = posix.join(directoryPath, name)
      if (await this.#exists(path)) return path
    }
    return undefined
  }

  async #exists(path: string): Promise<boolean> {
    return (await stat(path).catch(missingIsNothing)) !== undefined
  }

  #parents(path: string): void {
    const parts = strip(path).split('/').slice(0, -1)
    for (let i = 1; i <= parts.length; i++) {
      const parent = parts.slice(0, i).join('/')
      if (!this.#all.has(parent)) this.#put({ path: parent, kind: 'directory', mode: 0o755, size: 0 })
    }
  }

  // Where a path of the image really is, given the links that it has so far: /bin/x may be /usr/bin/x.
  #resolve(path: string): string {
    let rest = posix
      .normalize(path)
      .split('/')
      .filter((part) => part !== '')
    let at = '/'
    for (let links = 0; rest.length > 0; ) {
      const next = posix.join(at, rest[0] ?? '')
      rest = rest.slice(1)
      const known = this.#all.get(strip(next))
      if (known?.kind === 'symlink' && rest.length > 0) {
        if (++links > MAX_LINKS) throw new Error(`cannot pack "${path}": too many levels of symbolic links`)
        const target = posix.resolve(at, known.target ?? '')
        rest = [...target.split('/').filter((part) => part !== ''), ...rest]
        at = '/'
      } else at = next
    }
    return at
  }

  #put(file: ImageFile): void {
    if (file.path === '') return
    const known = this.#all.get(file.path)
    if (known !== undefined && sameFile(known, file)) return
    this.#all.set(file.path, file)
    this.layers.at(-1)?.set(file.path, file)
  }
}

/** The paths in what `ldd` or the loader's `--list` prints. Throws when one is not found. */
export function parseLibraries(output: string, program: string): string[] {
  const found: string[] = []
  for (const line of output.split('\n')) {
    const missing = /^\s*(\S+) => not found/.exec(line)
    if (missing) throw new Error(`cannot pack "${program}": its library ${missing[1]} is not found`)
    const path = /^\s*(?:\S+ => )?(\/\S+) \(0x[0-9a-f]+\)$/.exec(line)?.[1]
    if (path !== undefined) found.push(path)
  }
  return found
}

function directory(path: string, stats: Stats): ImageFile {
  return { path: strip(path), kind: 'directory', mode: stats.mode & 0o7777, size: 0 }
}

function strip(path: string): string {
  return path.replace(/^\/+/, '')
}

function sameFile(a: ImageFile, b: ImageFile): boolean {
  if (a.kind !== b.kind || a.mode !== b.mode) return false
  if (a.kind === 'directory') return true
  if (a.kind === 'symlink') return a.target === b.target
  return a.source !== undefined && a.source === b.source
}

function missingIsNothing(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && (error.code === 'ENOENT' || error.code === 'ENOTDIR'))
    return undefined
  throw error
}
