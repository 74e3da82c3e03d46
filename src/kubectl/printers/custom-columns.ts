// -o custom-columns: a header and a path for each column.
// Model: k8s.io/kubectl/pkg/cmd/get/customcolumn.go.

import { formatValue } from '../../machinery/go/format.ts'
import { KubectlError } from '../errors.ts'
import { itemsOf, type KubeObject } from '../object.ts'
import { findJsonPath } from '../template/jsonpath.ts'
import { relaxedPath } from './relaxed-path.ts'
import { alignRows } from './tab-writer.ts'

export interface Column {
  readonly header: string
  readonly path: string
}

/** Columns of `NAME:.metadata.name,AGE:…`. Throws KubectlError. */
export function parseColumns(spec: string): Column[] {
  if (spec === '') throw new KubectlError('custom-columns format specified but no custom columns given')
  return spec.split(',').map((part) => {
    const colon = part.indexOf(':')
    if (colon < 0) {
      throw new KubectlError(`unexpected custom-columns spec: ${part}, expected <header>:<json-path-expr>`)
    }
    return { header: part.slice(0, colon), path: relaxedPath(part.slice(colon + 1)) }
  })
}

/** Columns of a file: a line of headers and a line of paths. Throws KubectlError. */
export function parseColumnsFile(text: string): Column[] {
  const [headerLine, pathLine] = text.split('\n')
  const expected = 'Expected format is one line of space separated headers, one line of space separated column specs.'
  if (!headerLine) throw new KubectlError(`invalid template, missing header line. ${expected}`)
  if (!pathLine) throw new KubectlError(`invalid template, missing spec line. ${expected}`)
  const headers = headerLine.split(/\s+/).filter((w) => w !== '')
  const paths = pathLine.split(/\s+/).filter((w) => w !== '')
  if (headers.length !== paths.length) {
    throw new KubectlError(
      `number of headers (${headers.length}) and field specifications (${paths.length}) don't match`,
    )
  }
  return headers.map((header, i) => ({ header, path: relaxedPath(paths[i] ?? '') }))
}

/** A printer that writes the header once. */
export function customColumnsPrinter(columns: readonly Column[], noHeaders: boolean): (object: KubeObject) => string {
  let headers = noHeaders
  return (object) => {
    const rows = (itemsOf(object) ?? [object]).map((item) => columns.map((column) => cellOf(item, column)))
    const head = headers ? [] : [columns.map((c) => c.header)]
    headers = true
    return alignRows([...head, ...rows])
  }
}

function cellOf(object: KubeObject, column: Column): string {
  const found = findJsonPath(column.path, object, { allowMissingKeys: true })
  const values = found.flat().map((v) => formatValue(v))
  const none = found.length === 0 || found[0]?.length === 0
  return [...(none ? ['<none>'] : []), ...values].join(',').replaceAll('\u001b', '^[')
}
