// What every way of getting shares: the request, the table options, the printers.

import { resolve } from 'node:path'
import { humanDuration } from '../../machinery/duration.ts'
import type { Invocation, KubectlContext } from '../command.ts'
import { itemsOf, type KubeObject } from '../object.ts'
import {
  namePrinter,
  OBJECT_FORMATS,
  type ObjectPrinter,
  printerOf,
  readTemplate,
  unknownFormat,
} from '../printers/print-flags.ts'
import { isTable, type Table, type TableOptions } from '../printers/table.ts'
import type { Info, ResourceRequest } from '../resources/builder.ts'
import { filenameOptions } from '../resources/flags.ts'

/** What -o takes. */
export const FORMATS = [...OBJECT_FORMATS, 'custom-columns', 'custom-columns-file', 'wide']
/** What asks the server for a table. */
const TABLE_ACCEPT =
  'application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json'

/** Tables are for people; every other format is for programs. */
export function isForPeople(ctx: KubectlContext): boolean {
  const output = ctx.flags.string('output') ?? ''
  return (output === '' && !ctx.flags.string('template')) || output === 'wide'
}

/** What the builder is asked for. */
export function requestOf({ args }: Invocation, ctx: KubectlContext): ResourceRequest {
  const { namespace, explicit } = ctx.namespace()
  const { flags } = ctx
  const sortBy = flags.string('sort-by') ?? ''
  const table = isForPeople(ctx) && flags.boolean('server-print')
  return {
    args,
    files: filenameOptions(flags),
    namespace,
    enforceNamespace: explicit && !flags.boolean('all-namespaces'),
    allNamespaces: flags.boolean('all-namespaces'),
    selector: flags.string('selector') ?? '',
    fieldSelector: flags.string('field-selector') ?? '',
    subresource: flags.string('subresource') ?? '',
    allowEmptySelector: true,
    chunkSize: sortBy === '' ? flags.int('chunk-size') : 0,
    ignoreNotFound: flags.boolean('ignore-not-found'),
    ...(table ? { accept: TABLE_ACCEPT } : {}),
    ...(table && sortBy !== '' ? { query: { includeObject: 'Object' } } : {}),
  }
}

/** Table options from the flags. */
export function tableOptions(
  ctx: KubectlContext,
  more: { readonly withNamespace: boolean; readonly kindPrefix?: string | undefined },
): TableOptions {
  return {
    noHeaders: ctx.flags.boolean('no-headers'),
    wide: ctx.flags.string('output') === 'wide',
    showLabels: ctx.flags.boolean('show-labels'),
    columnLabels: ctx.flags.strings('label-columns'),
    ...more,
  }
}

/** `deployment.apps`, as --show-kind and lists of several kinds write it. */
export function kindPrefix({ mapping }: Pick<Info, 'mapping'>): string {
  const kind = mapping.kind.toLowerCase()
  return mapping.group === '' ? kind : `${kind}.${mapping.group}`
}

/** A server without tables answers with objects; they are shown by name and age. */
export function tablesOf(object: KubeObject, ctx: KubectlContext): Table[] {
  if (isTable(object)) return [object as Table]
  return [plainTable(itemsOf(object) ?? [object], ctx)]
}

function plainTable(objects: readonly KubeObject[], ctx: KubectlContext): Table {
  return {
    columnDefinitions: [
      { name: 'Name', type: 'string', format: 'name' },
      { name: 'Age', type: 'string' },
    ],
    rows: objects.map((object) => ({ cells: [object.metadata?.name ?? '', ageOf(object, ctx.now())], object })),
  }
}

/** The age of an object at `now`. */
function ageOf(object: KubeObject, now: number): string {
  const created = Date.parse(object.metadata?.creationTimestamp ?? '')
  return Number.isNaN(created) ? '<unknown>' : humanDuration(now - created)
}

/** The printer for programs, custom columns included. Throws KubectlError. */
export async function objectPrinter(ctx: KubectlContext): Promise<ObjectPrinter> {
  const output = ctx.flags.string('output') ?? ''
  if (output.startsWith('custom-columns')) return columnsPrinter(output, ctx)
  const printer = (await printerOf(ctx, { formats: FORMATS })) ?? namePrinter(output)
  if (!printer) throw unknownFormat(output, FORMATS)
  return printer
}

async function columnsPrinter(output: string, ctx: KubectlContext): Promise<ObjectPrinter> {
  const { customColumnsPrinter, parseColumns, parseColumnsFile } = await import('../printers/custom-columns.ts')
  const [format = '', inline = ''] = output.split(/=(.*)/s)
  const spec = inline || (ctx.flags.string('template') ?? '')
  const noHeaders = ctx.flags.boolean('no-headers')
  switch (format) {
    case 'custom-columns':
      return customColumnsPrinter(parseColumns(spec), noHeaders)
    case 'custom-columns-file':
      return customColumnsPrinter(parseColumnsFile(readTemplate(resolve(ctx.cwd, spec), spec, 'template')), noHeaders)
    default:
      throw unknownFormat(output, FORMATS)
  }
}
