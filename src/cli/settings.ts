// What of a cluster's configuration may be set anew at every start, besides what the ingress controller needs.

import { resolve } from 'node:path'
import { apiServerFlags, readApiServerSettings } from '../main/api-server-settings.ts'
import type { ClusterConfig } from '../main/config.ts'
import { formatReference, parseReference } from '../registry/reference.ts'
import { CommandError } from './command.ts'
import type { Flag, ParsedFlags } from './flags.ts'

type Settings = Pick<ClusterConfig, 'apiServer' | 'insecurePort' | 'pauseImage' | 'registryMirrors'>

export const settingFlags: readonly Flag[] = [
  {
    name: 'insecure-port',
    type: 'string',
    description:
      'Also serve plain HTTP on 127.0.0.1 at this port, where everyone is administrator (0: do not); kept for later starts',
  },
  {
    name: 'pause-image',
    type: 'string',
    description: 'Image of the container that holds a pod together ("": the built-in one); kept for later starts',
  },
  {
    name: 'registry-mirror',
    type: 'strings',
    description: 'URL to ask for images before their own registry (repeat; "": none); kept for later starts',
  },
  ...apiServerFlags.map(
    ({ name, description }): Flag => ({
      name,
      type: 'string',
      description: `${description}; kept for later starts`,
    }),
  ),
]

/** The settings that a node has of its own. */
export const nodeSettingFlags: readonly Flag[] = settingFlags.filter((flag) =>
  ['pause-image', 'registry-mirror'].includes(flag.name),
)

/** The settings of a cluster that has `kept` ones after flags were given. */
export function settingsOf(kept: Settings, flags: ParsedFlags): Settings {
  const given = (name: string) => flags.strings(name).length > 0
  const insecurePort = given('insecure-port') ? portOf(flags.string('insecure-port') ?? '') : kept.insecurePort
  const pauseImage = given('pause-image') ? imageOf(flags.string('pause-image') ?? '') : kept.pauseImage
  const mirrors = given('registry-mirror') ? flags.strings('registry-mirror').filter((url) => url !== '') : undefined
  const registryMirrors = mirrors?.map(mirrorOf) ?? kept.registryMirrors ?? []
  const apiServer = apiServerSettings(kept.apiServer ?? {}, flags)
  return {
    ...(Object.keys(apiServer).length > 0 ? { apiServer } : {}),
    ...(insecurePort ? { insecurePort } : {}),
    ...(pauseImage ? { pauseImage } : {}),
    ...(registryMirrors.length > 0 ? { registryMirrors } : {}),
  }
}

/** The API server's flags: those kept, and those given now, of which an empty one is taken back. */
function apiServerSettings(kept: Readonly<Record<string, string>>, flags: ParsedFlags): Record<string, string> {
  const all = { ...kept }
  let given = false
  for (const { name, file, several } of apiServerFlags) {
    if (flags.strings(name).length === 0) continue
    given = true
    const value = flags.string(name) ?? ''
    if (value === '') delete all[name]
    else if (file)
      all[name] = (several ? value.split(',') : [value]).map((path) => (path === '-' ? path : resolve(path))).join(',')
    else all[name] = value
  }
  if (!given) return all
  try {
    readApiServerSettings(all)
  } catch (error) {
    throw new CommandError(error instanceof Error ? error.message : String(error))
  }
  return all
}

function portOf(text: string): number {
  const port = Number(text)
  if (/^\d+$/.test(text) && port < 65536) return port
  throw new CommandError(`cannot use insecure port ${JSON.stringify(text)}: expected a number from 0 to 65535`)
}

function imageOf(text: string): string {
  if (text === '') return ''
  try {
    return formatReference(parseReference(text))
  } catch (error) {
    throw new CommandError(
      `cannot use pause image ${JSON.stringify(text)}: ${error instanceof Error ? error.message : String(error)}`,
    )
  }
}

function mirrorOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url && ['http:', 'https:'].includes(url.protocol) && !url.search && !url.hash && !url.username) {
    return url.href.replace(/\/$/, '')
  }
  throw new CommandError(`cannot use registry mirror ${JSON.stringify(text)}: expected http://HOST[:PORT] or https://…`)
}
