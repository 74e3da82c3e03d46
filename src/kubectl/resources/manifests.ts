// Manifests named by -f: files, folders, patterns, URLs and standard input, as objects with where they came from.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, extname, join, resolve } from 'node:path'
import type { KubectlContext } from '../command.ts'
import { Failures, KubectlError, plainMessage } from '../errors.ts'
import { isObject, itemsOf, type KubeObject } from '../object.ts'
import { parseManifest } from './lenient.ts'

/** `-f`, `-R` and `-k`. */
export interface FilenameOptions {
  readonly filenames: readonly string[]
  readonly recursive: boolean
  readonly kustomize: string
}

export interface Manifest {
  readonly object: KubeObject
  /** File, URL or `STDIN`, for error messages. */
  readonly source: string
}

const EXTENSIONS = ['.json', '.yaml', '.yml']
const MAX_FILE = 256 * 1024 * 1024
const URL_ATTEMPTS = 3

export interface ReadManifests {
  /** Objects and, in their place, why a document could not be read. */
  readonly documents: (Manifest | { readonly error: unknown; readonly source: string })[]
  /** One file that could hold one object. */
  readonly single: boolean
}

/** Whether the flags name anything. */
export const hasFilenames = (o: FilenameOptions) => o.filenames.length > 0 || o.kustomize !== ''

/** Reads everything; lists are taken apart. Throws when a path does not exist. */
export async function readManifests(options: FilenameOptions, ctx: KubectlContext): Promise<ReadManifests> {
  check(options)
  const sources = expand(options, ctx.cwd)
  const documents: ReadManifests['documents'] = []
  for (const source of sources) {
    try {
      const text = await readSource(source, ctx)
      for (const object of await objectsIn(text, source, ctx)) documents.push({ object, source: shown(source) })
    } catch (error) {
      documents.push({ error, source: shown(source) })
    }
  }
  if (options.kustomize !== '') {
    const { buildKustomization } = await import('../kustomize/build.ts')
    for (const object of await buildKustomization(resolve(ctx.cwd, options.kustomize), ctx.env)) {
      documents.push({ object, source: options.kustomize })
    }
  }
  return { documents, single: sources.length === 1 && sources[0] !== '-' && documents.length === 1 }
}

const shown = (source: string) => (source === '-' ? 'STDIN' : source)

function check({ filenames, kustomize, recursive }: FilenameOptions): void {
  if (filenames.length > 0 && kustomize !== '') throw new KubectlError('only one of -f or -k can be specified')
  if (kustomize !== '' && recursive) throw new KubectlError("the -k flag can't be used with -f or -R")
}

/** Paths, URLs and `-`, folders and patterns replaced by what is in them. */
function expand({ filenames, recursive }: FilenameOptions, cwd: string): string[] {
  const errors: unknown[] = []
  const sources: string[] = []
  for (const name of filenames) {
    if (name === '-') {
      if (sources.includes('-')) errors.push(new KubectlError('standard input cannot be used for multiple arguments'))
      sources.push(name)
    } else if (/^https?:\/\//.test(name)) sources.push(name)
    else {
      const matches = existsSync(resolve(cwd, name)) ? [name] : glob(name, cwd)
      if (matches.length === 0) errors.push(new KubectlError(`the path ${JSON.stringify(name)} does not exist`))
      for (const match of matches) sources.push(...filesIn(match, cwd, recursive, true))
    }
  }
  if (errors.length === 1) throw errors[0]
  if (errors.length > 1) throw new Failures(errors)
  if (sources.length === 0 && filenames.length > 0) {
    throw new KubectlError(
      `error reading [${filenames.join(' ')}]: recognized file extensions are [${EXTENSIONS.join(' ')}]`,
    )
  }
  return sources
}

function filesIn(path: string, cwd: string, recursive: boolean, top: boolean): string[] {
  const absolute = resolve(cwd, path)
  if (!statSync(absolute).isDirectory()) return top || EXTENSIONS.includes(extname(path)) ? [path] : []
  if (!top && !recursive) return []
  return readdirSync(absolute)
    .sort()
    .flatMap((name) => filesIn(join(path, name), cwd, recursive, false))
}

/** Files of one folder that match `*`, `?` and `[…]` in the last part of the path. */
function glob(pattern: string, cwd: string): string[] {
  const name = basename(pattern)
  if (!/[*?[]/.test(name)) return []
  const dir = pattern.slice(0, pattern.length - name.length)
  const absolute = resolve(cwd, dir)
  if (!existsSync(absolute)) return []
  const source = name
    .replace(/[.+^${}()|\\]/g, '\\$&')
    .replaceAll('*', '[^/]*')
    .replaceAll('?', '[^/]')
  const matcher = new RegExp(`^${source}$`)
  return readdirSync(absolute)
    .filter((entry) => matcher.test(entry))
    .sort()
    .map((entry) => dir + entry)
}

async function readSource(source: string, ctx: KubectlContext): Promise<string> {
  if (source === '-') return readStdin(ctx)
  if (/^https?:\/\//.test(source)) return readUrl(source, ctx)
  return readFileSync(resolve(ctx.cwd, source), 'utf8')
}

/** All of standard input, up to a limit. */
export async function readStdin(ctx: KubectlContext): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of ctx.stdin()) {
    const piece = Buffer.from(chunk as Buffer | string)
    size += piece.length
    if (size > MAX_FILE) throw new KubectlError(`cannot read standard input: expected at most ${MAX_FILE} bytes`)
    chunks.push(piece)
  }
  return Buffer.concat(chunks).toString()
}

async function readUrl(url: string, ctx: KubectlContext): Promise<string> {
  for (let attempt = 1; ; attempt++) {
    const response = await fetch(url, { signal: ctx.signal }).catch((error: unknown) => {
      throw new KubectlError(`unable to read URL ${JSON.stringify(url)}: ${plainMessage(error)}`, { cause: error })
    })
    if (response.ok) return response.text()
    if (response.status < 500 || attempt === URL_ATTEMPTS) {
      throw new KubectlError(
        `unable to read URL ${JSON.stringify(url)}, server reported ${response.status} ${response.statusText}, status code=${response.status}`,
      )
    }
  }
}

/** The objects of a text. Throws KubectlError in kubectl's words. */
export async function objectsIn(
  text: string,
  source: string,
  ctx: Pick<KubectlContext, 'warn'>,
): Promise<KubeObject[]> {
  let documents: unknown[]
  try {
    documents = parseManifest(text)
  } catch (error) {
    throw new KubectlError(
      `error parsing ${shown(source)}: error converting YAML to JSON: yaml: ${plainMessage(error)}`,
      {
        cause: error,
      },
    )
  }
  const current = documents.some(isRetired) ? await converted(documents, ctx) : documents
  return current.flatMap((document) => flatten(document, source))
}

/** Versions before v1, which no server serves any more. */
function isRetired(document: unknown): boolean {
  return isObject(document) && typeof document.apiVersion === 'string' && /^v1beta[123]$/.test(document.apiVersion)
}

async function converted(documents: readonly unknown[], ctx: Pick<KubectlContext, 'warn'>): Promise<unknown[]> {
  const { convertRetired } = await import('../retired/convert-retired.ts')
  return documents.map((document) => convertRetired(document, ctx.warn))
}

function flatten(document: unknown, source: string): KubeObject[] {
  if (!isObject(document)) {
    throw new KubectlError(
      `error validating ${JSON.stringify(shown(source))}: error validating data: invalid object to validate; if you choose to ignore these errors, turn validation off with --validate=false`,
    )
  }
  const object = document as KubeObject
  const items = itemsOf(object)
  if (!items || !object.kind?.endsWith('List')) return [object]
  const itemKind = object.kind === 'List' ? undefined : object.kind.slice(0, -'List'.length)
  return items.flatMap((item) =>
    flatten(
      itemKind && isObject(item) && !item.kind ? { apiVersion: object.apiVersion, kind: itemKind, ...item } : item,
      source,
    ),
  )
}
