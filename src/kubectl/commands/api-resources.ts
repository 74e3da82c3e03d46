// kubectl api-resources: every resource that the server serves.
// Model: k8s.io/kubectl/pkg/cmd/apiresources.

import { toYaml } from '../../machinery/yaml-writer.ts'
import type { KubectlCommand, KubectlContext } from '../command.ts'
import type { DiscoveredResource } from '../discovery/discovery.ts'
import { groupVersionOf, preferred } from '../discovery/mapper.ts'
import { KubectlError } from '../errors.ts'
import { toJson } from '../printers/json.ts'
import { createTabWriter } from '../printers/tab-writer.ts'

export const apiResources: KubectlCommand = {
  name: 'api-resources',
  usage: '[flags] [options]',
  short: 'Print the supported API resources on the server',
  long: 'Print the supported API resources on the server.',
  examples: `# Print the supported API resources
kubectl api-resources

# Print the supported API resources with more information
kubectl api-resources -o wide

# Print the supported namespaced resources
kubectl api-resources --namespaced=true`,
  flags: [
    { name: 'api-group', type: 'string', description: 'Limit to resources in the specified API group.' },
    { name: 'cached', type: 'boolean', description: 'Use the cached list of resources if available.' },
    { name: 'categories', type: 'slice', description: 'Limit to resources that belong to the specified categories.' },
    {
      name: 'namespaced',
      type: 'boolean',
      fallback: 'true',
      description:
        'If false, non-namespaced resources will be returned, otherwise returning namespaced resources by default.',
    },
    {
      name: 'no-headers',
      type: 'boolean',
      description:
        "When using the default or custom-column output format, don't print headers (default print headers).",
    },
    {
      name: 'output',
      short: 'o',
      type: 'string',
      description: 'Output format. One of: (json, yaml, kyaml, name, wide).',
    },
    { name: 'show-managed-fields', type: 'boolean', description: 'Kept for scripts.', hidden: true },
    {
      name: 'sort-by',
      type: 'string',
      description:
        "If non-empty, sort list of resources using specified field. The field can be either 'name' or 'kind'.",
    },
    { name: 'verbs', type: 'slice', description: 'Limit to resources that support the specified verbs.' },
  ],
  async run({ args, path }, ctx) {
    const { flags } = ctx
    if (args.length > 0) {
      throw new KubectlError(`unexpected arguments: [${args.join(' ')}]\nSee '${path} -h' for help and examples`)
    }
    const sortBy = flags.string('sort-by') ?? ''
    if (!['', 'name', 'kind'].includes(sortBy)) throw new KubectlError('--sort-by accepts only name or kind')
    const { discovery } = await import('../discovery/fresh.ts').then((m) => m.freshDiscovery(ctx))
    const wanted = preferred(discovery).filter((r) => r.verbs.length > 0 && passes(r, ctx))
    const key = {
      '': (r: DiscoveredResource) => r.group,
      name: (r: DiscoveredResource) => r.name,
      kind: (r: DiscoveredResource) => r.kind,
    }[sortBy as '' | 'name' | 'kind']
    wanted.sort((a, b) => compare(key(a), key(b)) || compare(a.name, b.name))
    if (wanted.length > 0) ctx.out(render(wanted, ctx))
    return 0
  },
}

const compare = (a: string, b: string) => (a < b ? -1 : a > b ? 1 : 0)

function passes(r: DiscoveredResource, { flags }: KubectlContext): boolean {
  if (flags.changed('api-group') && flags.string('api-group') !== r.group) return false
  if (flags.changed('namespaced') && flags.boolean('namespaced') !== r.namespaced) return false
  if (!flags.strings('verbs').every((verb) => r.verbs.includes(verb))) return false
  return flags.strings('categories').every((category) => r.categories.includes(category))
}

function render(resources: readonly DiscoveredResource[], { flags }: KubectlContext): string {
  const output = flags.string('output') ?? ''
  switch (output) {
    case 'name':
      return resources.map((r) => `${r.group === '' ? r.name : `${r.name}.${r.group}`}\n`).join('')
    case 'json':
      return toJson(listOf(resources), { keepOrder: true })
    case 'yaml':
      return toYaml(listOf(resources))
    case '':
    case 'wide':
      return table(resources, { wide: output === 'wide', headers: !flags.boolean('no-headers') })
    default:
      throw new KubectlError(
        `unable to match a printer suitable for the output format ${JSON.stringify(output)}, allowed formats are: json,kyaml,name,wide,yaml`,
      )
  }
}

function table(
  resources: readonly DiscoveredResource[],
  { wide, headers }: { wide: boolean; headers: boolean },
): string {
  const writer = createTabWriter()
  const columns = ['NAME', 'SHORTNAMES', 'APIVERSION', 'NAMESPACED', 'KIND', ...(wide ? ['VERBS', 'CATEGORIES'] : [])]
  if (headers) writer.write(`${columns.join('\t')}\n`)
  for (const r of resources) {
    const cells = [r.name, r.shortNames.join(','), groupVersionOf(r), String(r.namespaced), r.kind]
    if (wide) cells.push(r.verbs.join(','), r.categories.join(','))
    writer.write(`${cells.join('\t')}\n`)
  }
  return writer.flush()
}

function listOf(resources: readonly DiscoveredResource[]): object {
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: '',
    resources: resources.map((r) => ({
      name: r.name,
      singularName: r.singular,
      namespaced: r.namespaced,
      ...(r.group === '' ? {} : { group: r.group }),
      version: r.version,
      kind: r.kind,
      verbs: r.verbs,
      ...(r.shortNames.length > 0 ? { shortNames: r.shortNames } : {}),
      ...(r.categories.length > 0 ? { categories: r.categories } : {}),
    })),
  }
}
