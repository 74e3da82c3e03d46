// kubectl describe: objects in prose and tables, with what else there is to know of them.
// Model: k8s.io/kubectl/pkg/cmd/describe.

import { isReason } from '../../machinery/errors.ts'
import type { Invocation, KubectlCommand, KubectlContext } from '../command.ts'
import { type DescribeReader, describe as describeObject, type ResourcePath } from '../describe/index.ts'
import { KubectlError, throwCollected } from '../errors.ts'
import { itemsOf, type KubeObject } from '../object.ts'
import { flattenList } from '../printers/lists.ts'
import { buildResources, type ResourceRequest } from '../resources/builder.ts'
import { allNamespacesFlag, chunkSizeFlag, filenameFlags, filenameOptions, selectorFlag } from '../resources/flags.ts'
import { hasFilenames } from '../resources/manifests.ts'

export const describe: KubectlCommand = {
  name: 'describe',
  usage: '(-f FILENAME | TYPE [NAME_PREFIX | -l label] | TYPE/NAME) [options]',
  short: 'Show details of a specific resource or group of resources',
  long: `Show details of a specific resource or group of resources.

 Print a detailed description of the selected resources, including related resources such as events or controllers. You may select a single object by name, all objects of that type, provide a name prefix, or label selector. For example:

  $ kubectl describe TYPE NAME_PREFIX

 will first check for an exact match on TYPE and NAME_PREFIX. If no such resource exists, it will output details for every resource that has a name prefixed with NAME_PREFIX.

Use "kubectl api-resources" for a complete list of supported resources.
`,
  flags: [
    ...filenameFlags('containing the resource to describe'),
    selectorFlag,
    allNamespacesFlag,
    chunkSizeFlag,
    {
      name: 'show-events',
      type: 'boolean',
      fallback: 'true',
      description: 'If true, display events related to the described object.',
    },
  ],
  async run(invocation, ctx) {
    if (invocation.args.length === 0 && !hasFilenames(filenameOptions(ctx.flags))) {
      throw new KubectlError(
        `You must specify the type of resource to describe. Use "${ctx.program} api-resources" for a complete list of supported resources.\n`,
      )
    }
    const result = await buildResources(ctx, requestOf(invocation, ctx))
    const objects = result.infos.flatMap((info) => flattenList(info.object))
    const showEvents = ctx.flags.boolean('show-events')
    const [firstError] = result.errors
    if (result.errors.length === 1 && isReason(firstError, 'NotFound') && invocation.args.length === 2) {
      return describePrefixed(firstError, invocation, ctx)
    }
    const options = { showEvents, now: ctx.now() }
    const reader = readerOf(ctx)
    let first = true
    for (const object of objects) {
      const text = await describeObject(object, reader, options)
      ctx.out(first ? text : `\n\n${text}`)
      first = false
    }
    if (objects.length === 0 && result.errors.length === 0) {
      const { namespace } = ctx.namespace()
      ctx.err(
        ctx.flags.boolean('all-namespaces')
          ? 'No resources found\n'
          : `No resources found in ${namespace} namespace.\n`,
      )
    }
    throwCollected(result.errors)
    return 0
  },
}

function requestOf({ args }: Pick<Invocation, 'args'>, ctx: KubectlContext): ResourceRequest {
  const { namespace, explicit } = ctx.namespace()
  const allNamespaces = ctx.flags.boolean('all-namespaces')
  return {
    args,
    files: filenameOptions(ctx.flags),
    namespace,
    enforceNamespace: explicit && !allNamespaces,
    allNamespaces,
    selector: ctx.flags.string('selector') ?? '',
    allowEmptySelector: true,
    chunkSize: ctx.flags.int('chunk-size'),
  }
}

/** No object has that name: those whose names begin with it. */
async function describePrefixed(missing: unknown, { args }: Invocation, ctx: KubectlContext): Promise<number> {
  const [type = '', prefix = ''] = args
  const result = await buildResources(ctx, { ...requestOf({ args: [type] }, ctx), singleResourceType: true })
  throwCollected(result.errors)
  const found = result.infos
    .flatMap((info) => flattenList(info.object))
    .filter((object) => object.metadata?.name?.startsWith(prefix))
  if (found.length === 0) throw missing
  const options = { showEvents: ctx.flags.boolean('show-events'), now: ctx.now() }
  for (const object of found) ctx.out(`${await describeObject(object, readerOf(ctx), options)}\n`)
  return 0
}

/** Reads what a description draws on through the command's client. */
function readerOf(ctx: KubectlContext): DescribeReader {
  const pathOf = ({ apiVersion, resource, namespace }: ResourcePath) => {
    const base = apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
    return `${base}${namespace ? `/namespaces/${encodeURIComponent(namespace)}` : ''}/${resource}`
  }
  return {
    async get({ name, ...path }) {
      const client = await ctx.client()
      return (await client.json({ path: `${pathOf(path)}/${encodeURIComponent(name)}` })) as KubeObject
    },
    async list(path, options = {}) {
      const client = await ctx.client()
      const items: KubeObject[] = []
      let next = ''
      do {
        const query = { ...options, limit: ctx.flags.int('chunk-size'), continue: next || undefined }
        const page = (await client.json({ path: pathOf(path), query })) as KubeObject
        items.push(...(itemsOf(page) ?? []))
        next = String(page.metadata?.continue ?? '')
      } while (next !== '')
      return items
    },
  }
}
