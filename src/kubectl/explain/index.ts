// `kubectl explain`: documentation of kinds and fields from the server's OpenAPI v3 documents.
// Model: k8s.io/kubectl/pkg/explain/v2.

import { KubectlError } from '../errors.ts'
import { isObject } from '../object.ts'
import { renderExplanation } from './render.ts'
import { type GroupVersionResource, type OpenApiDocument, resourceText } from './schema.ts'

export { ExplainError } from './render.ts'
export { chooseResource, splitRequest } from './request.ts'
export type { GroupVersionResource } from './schema.ts'

/** Reads OpenAPI v3 from the server, as parsed JSON. */
export interface OpenApiReader {
  /** `/openapi/v3`. */
  index(): Promise<unknown>
  /** A document by the URL that the index gives. */
  document(url: string): Promise<unknown>
}

/** Explains a resource or one of its fields. Throws KubectlError (ExplainError carries what to print first), and whatever `openapi` throws. */
export async function explain(request: {
  openapi: OpenApiReader
  gvr: GroupVersionResource
  fieldPath: readonly string[]
  recursive: boolean
  output?: string
}): Promise<string> {
  const { openapi, gvr, fieldPath, recursive, output = 'plaintext' } = request
  if (output === 'plaintext-openapiv2') {
    throw new KubectlError('output format plaintext-openapiv2 is not supported: use plaintext')
  }
  if (output !== 'plaintext') throw new KubectlError(`unrecognized format: ${output}`)
  const path = gvr.group === '' ? `api/${gvr.version}` : `apis/${gvr.group}/${gvr.version}`
  const url = urlOf(await openapi.index(), path)
  if (url === undefined) {
    throw new KubectlError(`couldn't find resource for "${resourceText(gvr)}"`)
  }
  const document = await openapi.document(url)
  if (!isObject(document)) throw new KubectlError(`failed to parse openapi schema for ${path}: expected an object`)
  return renderExplanation({ document: document as OpenApiDocument, gvr, fieldPath, recursive })
}

function urlOf(index: unknown, path: string): string | undefined {
  const paths = isObject(index) ? index.paths : undefined
  const entry = isObject(paths) && Object.hasOwn(paths, path) ? paths[path] : undefined
  return isObject(entry) && typeof entry.serverRelativeURL === 'string' ? entry.serverRelativeURL : undefined
}
