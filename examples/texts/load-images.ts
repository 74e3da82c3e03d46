// Builds the images of the texts and puts them into a cluster's registry. Usage: load-images [--name CLUSTER]

import { resolve } from 'node:path'
import { parseFlags } from '../../src/cli/flags.ts'
import { createProgress } from '../../src/cli/progress.ts'
import { runProgram } from '../../src/images/program.ts'
import { systemRandom } from '../../src/machinery/random.ts'
import { readConfig } from '../../src/main/choose-config.ts'
import { clusterPaths } from '../../src/main/config.ts'
import { RegistryStore } from '../../src/registry/store.ts'
import { buildTextImages } from './images.ts'

async function main(argv: readonly string[]): Promise<void> {
  const flags = parseFlags([{ name: 'name', type: 'string', description: 'Name of the cluster' }], argv)
  const name = flags.string('name') ?? 'sampan'
  const paths = clusterPaths({ data: '/var/lib/sampan', run: '/run/sampan' }, name)
  if (!readConfig(paths)) throw new Error(`there is no cluster ${JSON.stringify(name)}: make it with "sampan up"`)
  const progress = createProgress(process.stdout, () => Date.now())
  progress.step('building the images of the texts')
  const built = await buildTextImages({
    store: new RegistryStore({ root: paths.registry, random: systemRandom }),
    examples: resolve(__dirname, '../examples'),
    arch: process.arch,
    env: process.env,
    run: runProgram,
    node: process.execPath,
  })
  progress.done(`${built.length} images built`)
}

main(process.argv.slice(2)).catch((error: unknown) => {
  process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
})
