// The prose of the API, which the build collects into a file beside the bundle.

import { existsSync, readFileSync } from 'node:fs'
import type { LoadDocs } from '../apiserver/openapi/index.ts'

/** A loader of the prose in `file`; a build without it serves documents without prose. */
export function apiDocsFrom(file: string): LoadDocs {
  return () => (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : undefined)
}
