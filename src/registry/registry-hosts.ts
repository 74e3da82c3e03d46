// Tells containerd to ask this registry first, for every image name, and the image's own registry after it.

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Random } from '../machinery/random.ts'
import { writeWhole } from './files.ts'

/** The text of `certs.d/_default/hosts.toml`. No `server`, so that what the mirror lacks comes from its real host. */
function renderRegistryHosts(endpoint: string): string {
  return `[host.${JSON.stringify(endpoint)}]\n  capabilities = ["pull", "resolve"]\n`
}

/** Writes the configuration below `dir`, which containerd reads anew at every pull. */
export async function writeRegistryHosts(options: {
  readonly dir: string
  /** `http://127.0.0.1:5000` */
  readonly endpoint: string
  readonly random: Random
}): Promise<void> {
  const { dir, endpoint, random } = options
  await mkdir(join(dir, '_default'), { recursive: true, mode: 0o755 })
  const path = join(dir, '_default', 'hosts.toml')
  await writeWhole(path, renderRegistryHosts(endpoint), `${path}.${random.uuid()}`)
}
