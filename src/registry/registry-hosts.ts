// Tells containerd to ask this registry first, for every image name, then the mirrors, then the image's own registry.

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Random } from '../machinery/random.ts'
import { writeWhole } from './files.ts'

/** The text of `certs.d/_default/hosts.toml`. No `server`, so that what the mirror lacks comes from its real host. */
function renderRegistryHosts(endpoints: readonly string[]): string {
  return [...new Set(endpoints)]
    .map((endpoint) => `[host.${JSON.stringify(endpoint)}]\n  capabilities = ["pull", "resolve"]\n`)
    .join('\n')
}

/** Writes the configuration below `dir`, which containerd reads anew at every pull. */
export async function writeRegistryHosts(options: {
  readonly dir: string
  /** `http://127.0.0.1:5000` */
  readonly endpoint: string
  /** Asked in order for what is not there. */
  readonly mirrors?: readonly string[]
  readonly random: Random
}): Promise<void> {
  const { dir, endpoint, mirrors = [], random } = options
  await mkdir(join(dir, '_default'), { recursive: true, mode: 0o755 })
  const path = join(dir, '_default', 'hosts.toml')
  await writeWhole(path, renderRegistryHosts([endpoint, ...mirrors]), `${path}.${random.uuid()}`)
}
