// kubectl explain: what kinds and fields mean, out of the server's OpenAPI documents.
// Model: k8s.io/kubectl/pkg/cmd/explain.

import type { KubectlCommand, KubectlContext } from '../command.ts'
import { ExitError, KubectlError } from '../errors.ts'
import {
  chooseResource,
  explain as explainResource,
  type GroupVersionResource,
  splitRequest,
} from '../explain/index.ts'

export const explain: KubectlCommand = {
  name: 'explain',
  usage:
    'TYPE [--recursive=FALSE|TRUE] [--api-version=api-version-group] [-o|--output=plaintext|plaintext-openapiv2] [options]',
  short: 'Get documentation for a resource',
  long: `Describe fields and structure of various resources.

 This command describes the fields associated with each supported API resource. Fields are identified via a simple JSONPath identifier:

        <type>.<fieldName>[.<fieldName>]

 Information about each field is retrieved from the server in OpenAPI format.

Use "kubectl api-resources" for a complete list of supported resources.
`,
  examples: `# Get the documentation of the resource and its fields
kubectl explain pods

# Get all the fields in the resource
kubectl explain pods --recursive

# Get the explanation for deployment in supported api versions
kubectl explain deployments --api-version=apps/v1

# Get the documentation of a specific field of a resource
kubectl explain pods.spec.containers`,
  flags: [
    {
      name: 'api-version',
      type: 'string',
      description: 'Use given api-version (group/version) of the resource.',
    },
    {
      name: 'output',
      short: 'o',
      type: 'string',
      fallback: 'plaintext',
      description: `Format in which to render the schema. Valid values are: (plaintext, plaintext-openapiv2).`,
    },
    {
      name: 'recursive',
      type: 'boolean',
      description:
        'When true, print the name of all the fields recursively. Otherwise, print the available fields with their description.',
    },
  ],
  async run({ args }, ctx) {
    const [request] = args
    if (request === undefined) {
      throw new KubectlError(
        `You must specify the type of resource to explain. Use "${ctx.program} api-resources" for a complete list of supported resources.\n`,
      )
    }
    if (args.length > 1) throw new KubectlError('We accept only this format: explain RESOURCE\n')
    const apiVersion = ctx.flags.string('api-version') ?? ''
    const { gvr, fieldPath } = await targetOf(request, apiVersion, ctx)
    const client = await ctx.client()
    const text = await explainResource({
      openapi: {
        index: () => client.json({ path: '/openapi/v3' }),
        document: (url) => client.json({ path: url }),
      },
      gvr,
      fieldPath,
      recursive: ctx.flags.boolean('recursive'),
      output: ctx.flags.string('output') ?? 'plaintext',
    })
    ctx.out(text)
    return 0
  },
}

async function targetOf(
  request: string,
  apiVersion: string,
  ctx: KubectlContext,
): Promise<{ gvr: GroupVersionResource; fieldPath: readonly string[] }> {
  const { resource, fieldPath } = splitRequest(request)
  const mapper = await ctx.mapper()
  const candidates = (await mapper.candidates(resource)).map((m) => ({
    group: m.group,
    version: m.version,
    resource: m.name,
  }))
  const [first] = candidates
  if (!first) throw new ExitError(1, `the server doesn't have a resource type ${JSON.stringify(resource)}\n`)
  if (apiVersion === '') return chooseResource(request, candidates) ?? { gvr: first, fieldPath }
  const [group = '', version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion]
  if (apiVersion.split('/').length > 2) {
    throw new KubectlError(`unexpected GroupVersion string: ${apiVersion}`)
  }
  return { gvr: { resource: first.resource, group, version: version ?? '' }, fieldPath }
}
