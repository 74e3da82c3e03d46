import { expect, it } from 'vitest'
import { customColumnsPrinter, parseColumns, parseColumnsFile } from './custom-columns.ts'
import { toJson } from './json.ts'
import { relaxedPath } from './relaxed-path.ts'
import { sortByPath } from './sort.ts'
import { createTabWriter } from './tab-writer.ts'
import { createTablePrinter, tableLines } from './table.ts'

it('writes JSON with sorted keys, as Go escapes it', () => {
  expect(toJson({ b: '<&>', a: { 10: 1, 9: [] }, c: undefined })).toBe(
    '{\n    "a": {\n        "10": 1,\n        "9": []\n    },\n    "b": "\\u003c\\u0026\\u003e"\n}\n',
  )
})

it.each([
  ['metadata.name', '{.metadata.name}'],
  ['.metadata.name', '{.metadata.name}'],
  ['{metadata.name}', '{.metadata.name}'],
  ['{.metadata.name}', '{.metadata.name}'],
])('relaxes the path %s', (path, expected) => {
  expect(relaxedPath(path)).toBe(expected)
})

it('prints custom columns, with <none> for what is missing', () => {
  const print = customColumnsPrinter(parseColumns('NAME:.metadata.name,PORTS:.spec.ports[*].port,X:.nope'), false)
  const object = { metadata: { name: 'web' }, spec: { ports: [{ port: 80 }, { port: 443 }] } }
  expect(print(object)).toBe('NAME   PORTS    X\nweb    80,443   <none>\n')
  expect(print(object)).toBe('web   80,443   <none>\n')
})

it('refuses custom columns that are none', () => {
  expect(() => parseColumns('')).toThrow('custom-columns format specified but no custom columns given')
  expect(() => parseColumns('NAME')).toThrow('unexpected custom-columns spec: NAME, expected <header>:<json-path-expr>')
  expect(() => parseColumnsFile('A B\n.x\n')).toThrow("number of headers (2) and field specifications (1) don't match")
})

it('sorts by what a path finds: quantities by size, objects without it first', () => {
  const objects = [{ m: '1Gi' }, { m: '100Mi' }, {}, { m: '2Gi' }]
  expect(sortByPath(objects, '.m', (o) => o)).toEqual([{}, { m: '100Mi' }, { m: '1Gi' }, { m: '2Gi' }])
  expect(() => sortByPath(objects, '.nope', (o) => o)).toThrow(
    'couldn\'t find any field with path "{.nope}" in the list of objects',
  )
})

const columnDefinitions = [
  { name: 'Name', type: 'string', format: 'name' },
  { name: 'Node', type: 'string', priority: 1 },
]
const row = { cells: ['web', 'n1'], object: { metadata: { name: 'web', namespace: 'ns', labels: { b: '2', a: '1' } } } }

it('shows wide columns only when asked, cuts cells at the first line', () => {
  const rows = [{ cells: ['a\nb', 'n'] }]
  expect(tableLines({ columnDefinitions, rows }, { noHeaders: false, wide: false })).toEqual(['NAME', 'a...'])
  expect(tableLines({ columnDefinitions, rows }, { noHeaders: true, wide: true })).toEqual(['a...\tn'])
})

it('adds namespace, kind and labels, and writes headers once', () => {
  const printer = createTablePrinter({
    noHeaders: false,
    wide: false,
    withNamespace: true,
    kindPrefix: 'pod',
    showLabels: true,
    columnLabels: ['x/a'],
  })
  const writer = createTabWriter()
  printer.print({ columnDefinitions, rows: [row] }, writer)
  printer.print({ columnDefinitions: [], rows: [row] }, writer)
  expect(writer.flush()).toBe(
    [
      'NAMESPACE   NAME      A     LABELS',
      'ns          pod/web         a=1,b=2',
      'ns          pod/web         a=1,b=2',
      '',
    ].join('\n'),
  )
})
