// kubectl version: the versions of this client and of the server.

import { toYaml } from '../../machinery/yaml-writer.ts'
import type { KubectlCommand } from '../command.ts'
import { KubectlError } from '../errors.ts'
import { toJson } from '../printers/json.ts'

interface VersionInfo {
  readonly major: string
  readonly minor: string
  readonly gitVersion: string
  readonly [key: string]: string
}

export const version: KubectlCommand = {
  name: 'version',
  usage: '[flags] [options]',
  short: 'Print the client and server version information',
  long: 'Print the client and server version information for the current context.',
  examples: `# Print the client and server versions for the current context
kubectl version`,
  flags: [
    { name: 'client', type: 'boolean', description: 'If true, shows client version only (no server required).' },
    { name: 'output', short: 'o', type: 'string', description: "One of 'yaml' or 'json'." },
    { name: 'short', type: 'boolean', description: 'The short form is the only one now.', hidden: true },
  ],
  async run({ args }, ctx) {
    if (args.length > 0) throw new KubectlError(`extra arguments: [${args.join(' ')}]`)
    const output = ctx.flags.string('output') ?? ''
    if (!['', 'yaml', 'json'].includes(output)) throw new KubectlError("--output must be 'yaml' or 'json'")
    const clientVersion = infoOf(ctx.version, ctx.platform)
    let serverVersion: VersionInfo | undefined
    let failure: unknown
    if (!ctx.flags.boolean('client')) {
      try {
        serverVersion = (await (await ctx.client()).json({ path: '/version' })) as VersionInfo
      } catch (error) {
        // The client's version is shown all the same; the failure is thrown below.
        failure = error
      }
    }
    const both = { clientVersion, ...(serverVersion ? { serverVersion } : {}) }
    if (output === 'json') ctx.out(`${toJson(both, { indent: '  ', keepOrder: true })}`)
    else if (output === 'yaml') ctx.out(`${toYaml(both)}\n`)
    else {
      ctx.out(`Client Version: ${clientVersion.gitVersion}\n`)
      if (serverVersion) ctx.out(`Server Version: ${serverVersion.gitVersion}\n`)
    }
    if (failure !== undefined) throw failure
    if (serverVersion) warnOfSkew(clientVersion, serverVersion, ctx.warn)
    return 0
  },
}

function infoOf(gitVersion: string, platform: string): VersionInfo {
  const [major = '', minor = ''] = gitVersion.replace(/^v/, '').split('.')
  return {
    major,
    minor,
    gitVersion,
    gitCommit: '',
    gitTreeState: 'clean',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: '',
    compiler: '',
    platform,
  }
}

function warnOfSkew(client: VersionInfo, server: VersionInfo, warn: (text: string) => void): void {
  const distance = Math.abs(Number.parseInt(client.minor, 10) - Number.parseInt(server.minor, 10))
  if (client.major === server.major && distance <= 1) return
  warn(
    `version difference between client (${client.major}.${client.minor}) and server (${server.major}.${server.minor}) exceeds the supported minor version skew of +/-1`,
  )
}
