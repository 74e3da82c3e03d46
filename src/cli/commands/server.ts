// sampan server: the cluster's process. Started by `sampan up`.

import { dirname, resolve } from 'node:path'
import { readConfig } from '../../main/choose-config.ts'
import { serve } from '../../main/serve.ts'
import { type Command, type CommandEnv, CommandError, clusterFlags, clusterName } from '../command.ts'

/** The API's prose, which the build puts beside the bundle. */
export function apiDocsFile(env: CommandEnv): string {
  return resolve(dirname(env.self.at(-1) ?? ''), '../dist/api-docs.json')
}

export const server: Command = {
  name: 'server',
  usage: '',
  summary: 'Run the cluster in this process',
  hidden: true,
  flags: clusterFlags,
  async run(flags, env) {
    const name = clusterName(flags)
    const paths = env.pathsOf(name)
    const config = readConfig(paths)
    if (!config) throw new CommandError(`there is no cluster ${JSON.stringify(name)}: make it with "sampan up"`)
    const code = await serve({
      config,
      apiDocs: apiDocsFile(env),
      paths,
      logLevel: 'info',
      write: (line) => void env.stderr.write(line),
      env: env.env,
      notify: (message) => {
        // Whoever started us may be gone by now.
        if (process.connected) process.send?.(message)
      },
    })
    process.exit(code)
  },
}
