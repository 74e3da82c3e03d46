// kubectl get: shows objects, as tables the server makes or in the format that -o asks for.
// Model: k8s.io/kubectl/pkg/cmd/get/get.go.

import type { Invocation, KubectlCommand, KubectlContext } from '../command.ts'
import { KubectlError, throwCollected } from '../errors.ts'
import type { Flag } from '../flags.ts'
import { itemsOf, type KubeObject } from '../object.ts'
import { flattenList } from '../printers/lists.ts'
import { printFlags } from '../printers/print-flags.ts'
import { createTabWriter } from '../printers/tab-writer.ts'
import { createTablePrinter, isTable, type TablePrinter } from '../printers/table.ts'
import { buildResources, type Info, type ResourceResult } from '../resources/builder.ts'
import {
  allNamespacesFlag,
  chunkSizeFlag,
  fieldSelectorFlag,
  filenameFlags,
  filenameOptions,
  selectorFlag,
} from '../resources/flags.ts'
import { hasFilenames } from '../resources/manifests.ts'
import { FORMATS, isForPeople, kindPrefix, objectPrinter, requestOf, tableOptions, tablesOf } from './get-common.ts'

const flags: readonly Flag[] = [
  ...printFlags(FORMATS),
  ...filenameFlags('identifying the resource to get from a server.'),
  selectorFlag,
  fieldSelectorFlag,
  allNamespacesFlag,
  chunkSizeFlag,
  { name: 'classic', type: 'boolean', description: 'Print the columns of the first releases.', hidden: true },
  {
    name: 'ignore-not-found',
    type: 'boolean',
    description:
      'If set to true, suppresses NotFound error for specific objects that do not exist. Using this flag with commands that query for collections of resources has no effect when no resources are found.',
  },
  {
    name: 'label-columns',
    short: 'L',
    type: 'slice',
    description:
      'Accepts a comma separated list of labels that are going to be presented as columns. Names are case-sensitive. You can also use multiple flag options like -L label1 -L label2...',
  },
  {
    name: 'no-headers',
    type: 'boolean',
    description: "When using the default or custom-column output format, don't print headers (default print headers).",
  },
  {
    name: 'output-watch-events',
    type: 'boolean',
    description:
      'Output watch event objects when --watch or --watch-only is used. Existing objects are output as initial ADDED events.',
  },
  {
    name: 'raw',
    type: 'string',
    description: 'Raw URI to request from the server.  Uses the transport specified by the kubeconfig file.',
  },
  {
    name: 'server-print',
    type: 'boolean',
    fallback: 'true',
    description: 'If true, have the server return the appropriate table output. Supports extension APIs and CRDs.',
  },
  {
    name: 'show-kind',
    type: 'boolean',
    description: 'If present, list the resource type for the requested object(s).',
  },
  {
    name: 'show-labels',
    type: 'boolean',
    description: 'When printing, show all labels as the last column (default hide labels column)',
  },
  {
    name: 'sort-by',
    type: 'string',
    description:
      "If non-empty, sort list types using this field specification.  The field specification is expressed as a JSONPath expression (e.g. '{.metadata.name}'). The field in the API resource specified by this JSONPath expression must be an integer or a string.",
  },
  {
    name: 'subresource',
    type: 'string',
    description: 'If specified, gets the subresource of the requested object.',
  },
  {
    name: 'watch',
    short: 'w',
    type: 'boolean',
    description: 'After listing/getting the requested object, watch for changes.',
  },
  {
    name: 'watch-only',
    type: 'boolean',
    description: 'Watch for changes to the requested object(s), without listing/getting first.',
  },
]

export const get: KubectlCommand = {
  name: 'get',
  usage: `[(-o|--output=)${FORMATS.join('|')}] (TYPE[.VERSION][.GROUP] [NAME | -l label] | TYPE[.VERSION][.GROUP]/NAME ...) [flags] [options]`,
  short: 'Display one or many resources',
  long: `Display one or many resources.

 Prints a table of the most important information about the specified resources. You can filter the list using a label selector and the --selector flag. If the desired resource type is namespaced you will only see results in the current namespace if you don't specify any namespace.

Use "kubectl api-resources" for a complete list of supported resources.
`,
  examples: `# List all pods in ps output format
kubectl get pods

# List a single replication controller with specified NAME in ps output format
kubectl get replicationcontroller web

# List deployments in JSON output format, in the "v1" version of the "apps" API group
kubectl get deployments.v1.apps -o json`,
  flags,
  async run(invocation, ctx) {
    if (ctx.flags.string('raw')) return getRaw(invocation, ctx)
    refuseNothing(invocation, ctx)
    refuseMixtures(ctx)
    const watching = ctx.flags.boolean('watch') || ctx.flags.boolean('watch-only')
    if (watching) {
      const { watch } = await import('./get-watch.ts')
      return watch(invocation, ctx)
    }
    if (ctx.flags.boolean('classic')) {
      const { getClassic } = await import('./get-classic.ts')
      return getClassic(invocation, ctx)
    }
    if (isForPeople(ctx)) return printTables(invocation, ctx)
    return printObjects(invocation, ctx)
  },
}

async function getRaw({ args }: Invocation, ctx: KubectlContext): Promise<number> {
  const raw = ctx.flags.string('raw') ?? ''
  if (args.length > 0) throw new KubectlError('arguments may not be passed when --raw is specified')
  if (ctx.flags.boolean('watch') || ctx.flags.boolean('watch-only') || ctx.flags.string('selector')) {
    throw new KubectlError(
      '--raw may not be specified with other flags that filter the server request or alter the output',
    )
  }
  if (ctx.flags.string('output')) throw new KubectlError('--raw and --output are mutually exclusive')
  if (!raw.startsWith('/') && !/^https?:\/\//.test(raw)) {
    throw new KubectlError(`--raw must be a valid URL path: parse ${JSON.stringify(raw)}: invalid URI for request`)
  }
  const client = await ctx.client()
  const response = await client.open({
    path: raw.replace(/^https?:\/\/[^/]*/, ''),
    accept: 'application/json, */*',
    signal: ctx.signal,
  })
  for await (const chunk of response) ctx.stdout.write(chunk as Buffer)
  return 0
}

function refuseNothing({ args, path }: Invocation, ctx: KubectlContext): void {
  if (args.length > 0 || hasFilenames(filenameOptions(ctx.flags))) return
  if (ctx.flags.boolean('watch') || ctx.flags.boolean('watch-only')) return
  ctx.err(
    `You must specify the type of resource to get. Use "${ctx.program} api-resources" for a complete list of supported resources.\n\n`,
  )
  throw new KubectlError(
    `Required resource not specified.\nUse "${ctx.program} explain <resource>" for a detailed description of that resource (e.g. ${ctx.program} explain pods).\nSee '${path} -h' for help and examples`,
  )
}

function refuseMixtures(ctx: KubectlContext): void {
  const output = ctx.flags.string('output') ?? ''
  if (ctx.flags.boolean('show-labels') && output !== '' && output !== 'wide') {
    throw new KubectlError(`--show-labels option cannot be used with ${output} printer`)
  }
  const watching = ctx.flags.boolean('watch') || ctx.flags.boolean('watch-only')
  if (ctx.flags.boolean('output-watch-events') && !watching) {
    throw new KubectlError('--output-watch-events option can only be used with --watch or --watch-only')
  }
}

async function printTables(invocation: Invocation, ctx: KubectlContext): Promise<number> {
  const result = await buildResources(ctx, requestOf(invocation, ctx))
  const infos = await sortedInfos(result.infos, ctx)
  const withKind = ctx.flags.boolean('show-kind') || severalKinds(infos)
  const allNamespaces = ctx.flags.boolean('all-namespaces')
  const writer = createTabWriter()
  let printer: TablePrinter | undefined
  let last: string | undefined
  let written = false
  let separate = false
  const flush = () => {
    const text = writer.flush()
    if (text === '') return
    ctx.out(separate ? `\n${text}` : text)
    separate = false
    written = true
  }
  for (const info of infos) {
    const key = `${info.mapping.group}/${info.mapping.version}/${info.mapping.name}`
    if (printer === undefined || key !== last) {
      flush()
      writer.forgetWidths()
      if (last !== undefined && !ctx.flags.boolean('no-headers') && written) separate = true
      const withNamespace = allNamespaces && info.mapping.namespaced
      printer = createTablePrinter(
        tableOptions(ctx, { withNamespace, kindPrefix: withKind ? kindPrefix(info) : undefined }),
      )
      last = key
    }
    for (const table of tablesOf(info.object, ctx)) printer.print(table, writer)
  }
  flush()
  if (!written && !ctx.flags.boolean('ignore-not-found') && result.errors.length === 0) {
    const namespaced = !allNamespaces && infos.every((info) => info.mapping.namespaced)
    ctx.err(namespaced ? `No resources found in ${ctx.namespace().namespace} namespace.\n` : 'No resources found\n')
  }
  throwCollected(result.errors)
  return 0
}

function severalKinds(infos: readonly Info[]): boolean {
  const kinds = new Set(infos.map(({ mapping }) => `${mapping.group}/${mapping.version}/${mapping.kind}`))
  return kinds.size > 1
}

async function sortedInfos(infos: readonly Info[], ctx: KubectlContext): Promise<readonly Info[]> {
  const path = ctx.flags.string('sort-by')
  if (!path) return infos
  const { sortByPath, SortFieldError } = await import('../printers/sort.ts')
  // Upstream sorts the answers themselves when there are several, and the rows when there is one.
  if (infos.length > 1) return sortByPath(infos, path, (info) => info.object)
  try {
    return infos.map((info) => {
      const table = info.object as KubeObject & { rows?: { object?: KubeObject }[] }
      if (!isTable(info.object) || !table.rows) return info
      return { ...info, object: { ...table, rows: sortByPath(table.rows, path, (row) => row.object ?? {}) } }
    })
  } catch (error) {
    // Upstream shows nothing when no row has the field.
    if (error instanceof SortFieldError) return infos.map((info) => ({ ...info, object: { ...info.object, rows: [] } }))
    throw error
  }
}

async function printObjects(invocation: Invocation, ctx: KubectlContext): Promise<number> {
  const printer = await objectPrinter(ctx)
  const result = await buildResources(ctx, requestOf(invocation, ctx))
  if (result.singleItemImplied) throwCollected(result.errors)
  if (result.infos.length === 0 && ctx.flags.boolean('ignore-not-found')) {
    throwCollected(result.errors)
    return 0
  }
  ctx.out(printer(await combined(result, ctx)))
  throwCollected(result.errors)
  return 0
}

/** One object by itself; anything else as a List. */
async function combined({ infos, singleItemImplied }: ResourceResult, ctx: KubectlContext): Promise<KubeObject> {
  const only = infos[0]
  if (singleItemImplied && infos.length === 1 && only && !itemsOf(only.object)) return only.object
  const objects = infos.flatMap((info) => flattenList(info.object))
  const path = ctx.flags.string('sort-by')
  let items = objects
  if (path) {
    const { sortByPath } = await import('../printers/sort.ts')
    items = sortByPath(objects, path, (object) => object)
  }
  return { apiVersion: 'v1', items, kind: 'List', metadata: { resourceVersion: '' } }
}
