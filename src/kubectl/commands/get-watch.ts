// kubectl get --watch: the objects, then every change.

import type { Invocation, KubectlContext } from '../command.ts'
import { groupVersionOf, pathOf } from '../discovery/mapper.ts'
import { throwCollected } from '../errors.ts'
import { itemsOf, type KubeObject } from '../object.ts'
import { flattenList } from '../printers/lists.ts'
import { createTabWriter } from '../printers/tab-writer.ts'
import { createTablePrinter, isTable } from '../printers/table.ts'
import { buildResources, type Info } from '../resources/builder.ts'
import type { Query } from '../rest/client.ts'
import { isForPeople, kindPrefix, objectPrinter, requestOf, tableOptions, tablesOf } from './get-common.ts'

/** Prints one object; for events, with their type. */
type Show = (object: KubeObject, eventType: string | undefined) => void

/** Lists, then watches until the server ends it or the user interrupts. */
export async function watch(invocation: Invocation, ctx: KubectlContext): Promise<number> {
  const { flags } = ctx
  if (flags.string('sort-by')) {
    ctx.err(
      flags.boolean('watch')
        ? 'warning: --watch requested, --sort-by will be ignored for watch events received\n'
        : 'warning: --watch-only requested, --sort-by will be ignored\n',
    )
  }
  const result = await buildResources(ctx, { ...requestOf(invocation, ctx), singleResourceType: true })
  throwCollected(result.errors)
  const info = result.infos[0]
  if (!info) return 0
  const show = await shower(info, ctx)
  const events = flags.boolean('output-watch-events')
  if (!flags.boolean('watch-only')) {
    for (const page of result.infos) show(page.object, events ? 'ADDED' : undefined)
  }
  await follow({ info, show, events, isList: info.name === '', last: result.infos.at(-1)?.object ?? {} }, ctx)
  return 0
}

interface Following {
  readonly info: Info
  readonly show: Show
  readonly events: boolean
  readonly isList: boolean
  readonly last: KubeObject
}

async function follow({ info, show, events, isList, last }: Following, ctx: KubectlContext): Promise<void> {
  const { mapping, namespace, name } = info
  const client = await ctx.client()
  const request = requestOf({ flags: ctx.flags, args: [], path: '' }, ctx)
  const selector = ctx.flags.string('selector')
  const fieldSelector = [ctx.flags.string('field-selector'), isList ? '' : `metadata.name=${name}`]
  const query: Query = {
    // A single object is watched from "now", which answers with the object itself first: not shown twice.
    resourceVersion: isList ? String(last.metadata?.resourceVersion ?? '') : '0',
    ...(selector ? { labelSelector: selector } : {}),
    fieldSelector: fieldSelector.filter((s) => s).join(',') || undefined,
  }
  let skip = !isList
  try {
    for await (const event of client.watch({
      path: pathOf(mapping, namespace),
      query,
      signal: ctx.signal,
      ...(request.accept ? { accept: request.accept } : {}),
    })) {
      if (!skip) show(event.object, events ? event.type : undefined)
      skip = false
    }
  } catch (error) {
    // The user has seen enough.
    if (!ctx.signal.aborted) throw error
  }
}

async function shower(info: Info, ctx: KubectlContext): Promise<Show> {
  if (!isForPeople(ctx)) {
    const print = await objectPrinter(ctx)
    return (object, eventType) => {
      for (const item of flattenList(object)) ctx.out(print(eventType === undefined ? item : asEvent(item, eventType)))
    }
  }
  const writer = createTabWriter()
  const printer = createTablePrinter(
    tableOptions(ctx, {
      withNamespace: ctx.flags.boolean('all-namespaces'),
      kindPrefix: ctx.flags.boolean('show-kind') ? kindPrefix(info) : undefined,
    }),
  )
  return (object, eventType) => {
    const tables = isTable(object) || itemsOf(object) ? tablesOf(object, ctx) : tablesOf(typed(object, info), ctx)
    for (const table of tables) printer.print(table, writer, eventType)
    ctx.out(writer.flush())
  }
}

const typed = (object: KubeObject, { mapping }: Info): KubeObject => ({
  apiVersion: groupVersionOf(mapping),
  kind: mapping.kind,
  ...object,
})

const asEvent = (object: KubeObject, type: string): KubeObject => ({ object, type })
