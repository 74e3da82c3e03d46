// kubectl's half of the sampan command: a bundle of its own, so that it starts without the server's code.

import { homedir } from 'node:os'
import { basename } from 'node:path'
import { runKubectl } from '../kubectl/program.ts'
import { systemClock } from '../machinery/clock.ts'
import { systemRandom } from '../machinery/random.ts'

declare const KUBERNETES_VERSION: string | undefined
declare const SAMPAN_VERSION: string | undefined

const interrupted = new AbortController()
process.once('SIGINT', () => {
  interrupted.abort()
  // A second one ends the process at once.
})
// A reader that has seen enough, as in `kubectl get pods | head`, is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
  process.exit(0)
})

const kubernetes = typeof KUBERNETES_VERSION === 'undefined' ? 'v1.36.0' : KUBERNETES_VERSION
const own = typeof SAMPAN_VERSION === 'undefined' ? '0.0.0-dev' : SAMPAN_VERSION

runKubectl(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  stdin: process.stdin,
  env: process.env,
  cwd: process.cwd(),
  home: homedir(),
  ...systemClock,
  random: systemRandom,
  executable: process.argv[1] ?? '',
  program: basename(process.argv[1] ?? '').startsWith('kubectl') ? 'kubectl' : 'sampan',
  platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
  signal: interrupted.signal,
  version: `${kubernetes}+sampan.${own}`,
}).then(
  (code) => {
    process.exitCode = code
  },
  (error: unknown) => {
    process.stderr.write(`error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
    process.exitCode = 1
  },
)
