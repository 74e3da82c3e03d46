// kubectl's half of the sampan command: a bundle of its own, so that it starts without the server's code.

import { runKubectl } from '../kubectl/program.ts'
import { kubectlWorld } from './world.ts'

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

runKubectl(process.argv.slice(2), kubectlWorld(interrupted.signal)).then(
  (code) => {
    process.exitCode = code
  },
  (error: unknown) => {
    process.stderr.write(`error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`)
    process.exitCode = 1
  },
)
