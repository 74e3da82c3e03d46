// What `kubectl cp` copies from and to: `path`, `pod:path`, `namespace/pod:path`.
// Model: k8s.io/kubectl/pkg/cmd/cp/{cp,filespec}.go.

import { posix } from 'node:path'
import { KubectlError } from '../errors.ts'

export interface FileSpec {
  /** Empty: of the context. */
  readonly namespace: string
  /** Empty: a local file. */
  readonly pod: string
  readonly file: string
}

/** Throws KubectlError. */
export function parseFileSpec(text: string): FileSpec {
  const colon = text.indexOf(':')
  if (colon < 0) return { namespace: '', pod: '', file: text }
  const parts = text.slice(0, colon).split('/')
  const [first = '', second] = parts
  if (colon === 0 || parts.length > 2) {
    throw new KubectlError('filespec must match the canonical format: [[namespace/]pod:]file/path')
  }
  const file = text.slice(colon + 1)
  return second === undefined ? { namespace: '', pod: first, file } : { namespace: first, pod: second, file }
}

/** The path as tar names it inside the pod: without leading slashes and without ways out. */
export function archivePrefix(file: string): string {
  const clean = posix.normalize(`/${file.replace(/^\/+/, '')}`).replace(/\/+$/, '')
  return clean.replace(/^\/+/, '')
}

/** Where an entry of the archive goes below `dest`; undefined when it would go elsewhere. */
export function placeOf(entry: string, prefix: string, dest: string): string | undefined {
  if (!entry.startsWith(prefix)) throw new KubectlError('tar contents corrupted')
  const below = posix.normalize(entry.slice(prefix.length).replace(/^\/+|\/+$/g, '') || '.')
  if (below === '..' || below.startsWith('../')) return undefined
  return below === '.' ? dest : `${dest.replace(/\/+$/, '')}/${below}`
}
