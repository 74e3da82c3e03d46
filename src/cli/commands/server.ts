// sampan server: the cluster's process. Started by `sampan up`.

import { dirname, resolve } from 'node:path'
import { readConfig } from '../../main/choose-config.ts'
import { openLogFile } from '../../main/log-file.ts'
import { serve } from '../../main/serve.ts'
import { type Command, type CommandEnv, CommandError, clusterFlags, clusterName } from '../command.ts'

const MAX_LOG = 10 * 1024 * 1024
const KEPT_LOGS = 3

/** The API's prose, which the build puts beside the bundle. */
export function apiDocsFile(env: CommandEnv): string {
  return resolve(dirname(env.self.at(-1) ?? ''), '../dist/api-docs.json')
}

export const server: Command = {
  usage: '',
  flags: clusterFlags,
  async run(flags, env) {
    const name = clusterName(flags)
    const paths = env.pathsOf(name)
    const config = readConfig(paths)
    if (!config) throw new CommandError(`there is no cluster ${JSON.stringify(name)}: make it with "sampan up"`)
    const log = openLogFile({ path: paths.log, maxBytes: MAX_LOG, kept: KEPT_LOGS })
    const code = await serve({
      config,
      apiDocs: apiDocsFile(env),
      paths,
      logLevel: 'info',
      write: (line) => log.write(line),
      env: env.env,
      notify: (message) => {
        // Whoever started us may be gone by now.
        if (process.connected) process.send?.(message)
      },
    })
    process.exit(code)
  },
}
