// The world as kubectl's commands see it, out of this process.

import { homedir } from 'node:os'
import { basename } from 'node:path'
import type { KubectlEnvironment } from '../kubectl/command.ts'
import { systemClock } from '../machinery/clock.ts'
import { systemRandom } from '../machinery/random.ts'
import { gitVersion } from '../main/version.ts'

/** `signal` is aborted when the user interrupts. */
export const kubectlWorld = (signal: AbortSignal): KubectlEnvironment => ({
  stdout: process.stdout,
  stderr: process.stderr,
  stdin: () => process.stdin,
  env: process.env,
  cwd: process.cwd(),
  home: homedir(),
  ...systemClock,
  random: systemRandom,
  executable: process.argv[1] ?? '',
  program: basename(process.argv[1] ?? '').startsWith('kubectl') ? 'kubectl' : 'sampan',
  platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
  signal,
  version: gitVersion,
})
