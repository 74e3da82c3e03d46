// Writes the pod network's CNI configuration: a bridge with host-local addresses from the node's pod range.

import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Exec } from './host.ts'

// Old enough for every CNI plugin in use, new enough for CHECK.
const CNI_VERSION = '0.4.0'

export interface CniConfig {
  /** Directory that the container runtime watches. */
  readonly confDir: string
  readonly networkName: string
  readonly bridge: string
  /** Where host-local keeps which addresses are taken. */
  readonly ipamDir: string
  readonly podCidr: string
  readonly mtu?: number
}

/** The configuration list as an object; masquerading and host ports are not CNI's business here. */
export function cniConfigList(config: CniConfig): Record<string, unknown> {
  return {
    cniVersion: CNI_VERSION,
    name: config.networkName,
    plugins: [
      {
        type: 'bridge',
        bridge: config.bridge,
        isGateway: true,
        ipMasq: false,
        hairpinMode: true,
        promiscMode: false,
        ...(config.mtu === undefined ? {} : { mtu: config.mtu }),
        ipam: {
          type: 'host-local',
          dataDir: config.ipamDir,
          ranges: [[{ subnet: config.podCidr }]],
          routes: [{ dst: config.podCidr.includes(':') ? '::/0' : '0.0.0.0/0' }],
        },
      },
    ],
  }
}

/** Writes the configuration list in one step, so that a watching runtime never reads half of it. */
export async function writeCniConfig(config: CniConfig): Promise<void> {
  await mkdir(config.confDir, { recursive: true, mode: 0o755 })
  await mkdir(config.ipamDir, { recursive: true, mode: 0o700 })
  const path = cniConfigPath(config)
  // The runtime loads *.conf, *.conflist and *.json only.
  const temporary = `${path}.new`
  await writeFile(temporary, `${JSON.stringify(cniConfigList(config), null, 2)}\n`, { mode: 0o600 })
  await rename(temporary, path)
}

/** Removes what `writeCniConfig` wrote, the address book, and the bridge that the plugin made. */
export async function removeCniNetwork(options: {
  readonly config: Pick<CniConfig, 'confDir' | 'networkName' | 'ipamDir' | 'bridge'>
  readonly exec: Exec
}): Promise<void> {
  const { config, exec } = options
  await rm(cniConfigPath(config), { force: true })
  await rm(config.ipamDir, { recursive: true, force: true })
  const { code, stderr } = await exec('ip', ['link', 'delete', config.bridge])
  if (code !== 0 && !stderr.includes('Cannot find device')) {
    throw new Error(`cannot delete bridge "${config.bridge}": ${stderr.trim()}`)
  }
}

function cniConfigPath(config: Pick<CniConfig, 'confDir' | 'networkName'>): string {
  return join(config.confDir, `10-${config.networkName}.conflist`)
}
