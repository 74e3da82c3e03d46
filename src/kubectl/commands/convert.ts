// kubectl convert: writes manifests in another version of their API.
// Model: k8s.io/kubernetes/pkg/kubectl/cmd/convert/convert.go, the plugin kubectl-convert.

import { toYaml } from '../../machinery/yaml-writer.ts'
import type { KubectlCommand, KubectlContext } from '../command.ts'
import { converted } from '../convert/versions.ts'
import { KubectlError } from '../errors.ts'
import type { KubeObject } from '../object.ts'
import { namePrinter, printerOf, printFlags } from '../printers/print-flags.ts'
import { buildResources, infosOf } from '../resources/builder.ts'
import { filenameFlags, filenameOptions } from '../resources/flags.ts'
import { hasFilenames } from '../resources/manifests.ts'
import { validateFlag } from '../write/flags.ts'
import { localResources } from '../write/local.ts'

export const convert: KubectlCommand = {
  name: 'convert',
  usage: '-f FILENAME [options]',
  short: 'Convert config files between different API versions',
  long: `Convert config files between different API versions. Both YAML and JSON formats are accepted.

 Files of versions that are no longer served are read as well, back to those before v1.
`,
  examples: `# Convert 'pod.yaml' to latest version and print to stdout
kubectl convert -f pod.yaml

# Convert all files under current directory to latest version and create them all
kubectl convert -f . | kubectl create -f -`,
  flags: [
    {
      name: 'local',
      type: 'boolean',
      fallback: 'true',
      description: 'If true, convert will NOT try to contact api-server but run locally.',
    },
    {
      name: 'output-version',
      type: 'string',
      description: "Output the formatted object with the given group version (for ex: 'extensions/v1beta1').",
    },
    ...printFlags(),
    validateFlag,
    ...filenameFlags('to need to get converted.'),
  ],
  async run(_invocation, ctx) {
    if (!hasFilenames(filenameOptions(ctx.flags))) throw new KubectlError('must specify one of -f and -k')
    const wanted = ctx.flags.string('output-version') ?? ''
    if (wanted.split('/').length > 2) throw new KubectlError(`unexpected GroupVersion string: ${wanted}`)
    const print = (await printerOf(ctx, { operation: 'converted' })) ?? toYaml
    const result = await manifestsOf(ctx)
    const objects = infosOf(result).map(({ object }) => converted(object, wanted))
    const [first] = objects
    if (first === undefined) throw new KubectlError('no objects passed to convert')
    const list: KubeObject = { apiVersion: 'v1', kind: 'List', metadata: {}, items: objects }
    if (objects.length > 1 && ctx.flags.string('output') === 'name') {
      const name = namePrinter('name', '')
      for (const object of objects) ctx.out(name?.(object) ?? '')
    } else ctx.out(print(objects.length === 1 && result.singleItemImplied ? first : list))
    return 0
  },
}

/** The objects of the files; unless --local, the server must know what they are. */
function manifestsOf(ctx: KubectlContext): ReturnType<typeof localResources> {
  const files = filenameOptions(ctx.flags)
  if (ctx.flags.boolean('local')) return localResources(ctx, files)
  return buildResources(ctx, { files, namespace: ctx.namespace().namespace, fetchFiles: false })
}
