// kubectl events: what happened, oldest first.
// Model: k8s.io/kubectl/pkg/cmd/events.

import { humanDuration } from '../../machinery/duration.ts'
import type { KubectlCommand, KubectlContext } from '../command.ts'
import { KubectlError } from '../errors.ts'
import { itemsOf, type KubeObject } from '../object.ts'
import { printerOf, printFlags } from '../printers/print-flags.ts'
import { createTabWriter } from '../printers/tab-writer.ts'
import { allNamespacesFlag, chunkSizeFlag } from '../resources/flags.ts'

interface Event extends KubeObject {
  readonly type?: string
  readonly reason?: string
  readonly message?: string
  readonly count?: number
  readonly eventTime?: string | null
  readonly firstTimestamp?: string | null
  readonly lastTimestamp?: string | null
  readonly series?: { readonly count?: number; readonly lastObservedTime?: string } | null
  readonly involvedObject?: { readonly kind?: string; readonly name?: string; readonly apiVersion?: string }
}

export const events: KubectlCommand = {
  name: 'events',
  usage:
    '[(-o|--output=)json|yaml|kyaml|name|go-template|go-template-file|template|templatefile|jsonpath|jsonpath-as-json|jsonpath-file] [--for TYPE/NAME] [--watch] [--types=Normal,Warning] [options]',
  short: 'List events',
  long: `Display events.

 Prints a table of the most important information about events. You can request events for a namespace, for all namespace, or filtered to only those pertaining to a specified resource.`,
  flags: [
    ...printFlags(),
    allNamespacesFlag,
    chunkSizeFlag,
    { name: 'for', type: 'string', description: 'Filter events to only those pertaining to the specified resource.' },
    { name: 'no-headers', type: 'boolean', description: "When using the default output format, don't print headers." },
    { name: 'types', type: 'slice', description: 'Output only events of given types.' },
    {
      name: 'watch',
      short: 'w',
      type: 'boolean',
      description: 'After listing the requested events, watch for more events.',
    },
  ],
  async run(_invocation, ctx) {
    for (const type of ctx.flags.strings('types')) {
      if (!/^(normal|warning)$/i.test(type)) throw new KubectlError('valid --types are Normal or Warning')
    }
    const all = ctx.flags.boolean('all-namespaces')
    const { namespace } = ctx.namespace()
    const path = all ? '/api/v1/events' : `/api/v1/namespaces/${namespace}/events`
    const fieldSelector = await selectorOf(ctx)
    const client = await ctx.client()
    const found: Event[] = []
    let next = ''
    let list: KubeObject
    do {
      list = (await client.json({
        path,
        query: { limit: ctx.flags.int('chunk-size'), fieldSelector, continue: next || undefined },
        signal: ctx.signal,
      })) as KubeObject
      found.push(...((itemsOf(list) ?? []) as Event[]))
      next = String(list.metadata?.continue ?? '')
    } while (next !== '')
    const shown = sortEvents(found.filter((e) => isWanted(e, ctx)))
    const watching = ctx.flags.boolean('watch')
    const printer = await printerOf(ctx)
    if (shown.length === 0 && !watching) {
      ctx.err(all ? 'No events found.\n' : `No events found in ${namespace} namespace.\n`)
      return 0
    }
    const table = eventTable(ctx)
    // Upstream prints no names of a whole list.
    if (printer && ctx.flags.string('output') === 'name' && !watching) return 0
    if (printer) ctx.out(printer({ ...list, apiVersion: 'v1', kind: 'EventList', items: shown.map(typed) }))
    else table(shown)
    if (!watching) return 0
    const query = { fieldSelector, resourceVersion: String(list.metadata?.resourceVersion ?? '') }
    try {
      for await (const { type, object } of client.watch({ path, query, signal: ctx.signal })) {
        const event = object as Event
        if (type === 'DELETED' || !isWanted(event, ctx)) continue
        if (printer) ctx.out(printer(typed(event)))
        else table([event])
      }
    } catch (error) {
      // The user has seen enough.
      if (!ctx.signal.aborted) throw error
    }
    return 0
  },
}

const typed = (event: Event): Event => ({ ...event, apiVersion: 'v1', kind: 'Event' })

function isWanted(event: Event, ctx: KubectlContext): boolean {
  const types = ctx.flags.strings('types').map((t) => t.toLowerCase())
  return types.length === 0 || types.includes((event.type ?? '').toLowerCase())
}

async function selectorOf(ctx: KubectlContext): Promise<string | undefined> {
  const target = ctx.flags.string('for')
  if (!target) return undefined
  const [type = '', name = '', ...more] = target.split('/')
  if (name === '' || more.length > 0) throw new KubectlError('--for must be in resource/name form')
  const mapping = await (await ctx.mapper()).mappingFor(type)
  const apiVersion = mapping.group === '' ? mapping.version : `${mapping.group}/${mapping.version}`
  return `involvedObject.kind=${mapping.kind},involvedObject.apiVersion=${apiVersion},involvedObject.name=${name}`
}

/** The last time an event was seen. */
export function timeOf(event: Event): number {
  const text =
    event.series?.lastObservedTime || event.lastTimestamp || event.eventTime || event.metadata?.creationTimestamp
  return Date.parse(text ?? '') || 0
}

/** Oldest first. */
export function sortEvents(list: readonly Event[]): Event[] {
  return list.toSorted((a, b) => timeOf(a) - timeOf(b))
}

/** `3s`, or `3s (x4 over 10s)`. */
export function intervalOf(event: Event, now: number): string {
  const since = (text: string | null | undefined) => (text ? humanDuration(now - Date.parse(text)) : '<unknown>')
  const first = since(event.eventTime || event.firstTimestamp)
  if (event.series) return `${since(event.series.lastObservedTime)} (x${event.series.count} over ${first})`
  if ((event.count ?? 0) > 1) return `${since(event.lastTimestamp)} (x${event.count} over ${first})`
  return first
}

function eventTable(ctx: KubectlContext): (list: readonly Event[]) => void {
  const writer = createTabWriter()
  const withNamespace = ctx.flags.boolean('all-namespaces')
  let headers = !ctx.flags.boolean('no-headers')
  return (list) => {
    const names = [...(withNamespace ? ['NAMESPACE'] : []), 'LAST SEEN', 'TYPE', 'REASON', 'OBJECT', 'MESSAGE']
    if (headers) writer.write(`${names.join('\t')}\n`)
    headers = false
    for (const event of list) {
      const { kind = '', name = '' } = event.involvedObject ?? {}
      const cells = [
        ...(withNamespace ? [event.metadata?.namespace ?? ''] : []),
        intervalOf(event, ctx.now()),
        event.type ?? '',
        event.reason ?? '',
        `${kind}/${name}`,
        (event.message ?? '').trim(),
      ]
      writer.write(`${cells.join('\t')}\n`)
    }
    ctx.out(writer.flush())
  }
}
