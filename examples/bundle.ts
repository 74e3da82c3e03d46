// Makes one file of an example's program, as its image carries it.

import { build } from 'esbuild'

/** The bundle of `main.ts` in a directory. */
export async function bundleMain(directory: string): Promise<Buffer> {
  const { outputFiles } = await build({
    absWorkingDir: directory,
    entryPoints: ['main.ts'],
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    logLevel: 'silent',
  })
  const [bundle] = outputFiles
  if (bundle === undefined) throw new Error(`cannot bundle the example in ${directory}: esbuild gave no file`)
  return Buffer.from(bundle.contents)
}
