// kubectl api-versions: every group and version that the server serves.

import type { KubectlCommand } from '../command.ts'
import { KubectlError } from '../errors.ts'

export const apiVersions: KubectlCommand = {
  name: 'api-versions',
  usage: '[flags] [options]',
  short: 'Print the supported API versions on the server, in the form of "group/version"',
  long: 'Print the supported API versions on the server, in the form of "group/version".',
  examples: `# Print the supported API versions
kubectl api-versions`,
  flags: [],
  async run({ args, path }, ctx) {
    if (args.length > 0) {
      throw new KubectlError(`unexpected arguments: [${args.join(' ')}]\nSee '${path} -h' for help and examples`)
    }
    const { freshDiscovery } = await import('../discovery/fresh.ts')
    const { discovery } = await freshDiscovery(ctx)
    const all = discovery.groups.flatMap((g) => g.versions.map((v) => (g.name === '' ? v : `${g.name}/${v}`)))
    ctx.out(
      all
        .sort()
        .map((gv) => `${gv}\n`)
        .join(''),
    )
    return 0
  },
}
