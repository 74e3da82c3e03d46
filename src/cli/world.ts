// The world as kubectl's commands see it, out of this process.

import { homedir } from 'node:os'
import { basename } from 'node:path'
import type { KubectlEnvironment } from '../kubectl/command.ts'
import { systemClock } from '../machinery/clock.ts'
import { systemRandom } from '../machinery/random.ts'

declare const KUBERNETES_VERSION: string | undefined
declare const SAMPAN_VERSION: string | undefined

const kubernetes = typeof KUBERNETES_VERSION === 'undefined' ? 'v1.36.0' : KUBERNETES_VERSION
const own = typeof SAMPAN_VERSION === 'undefined' ? '0.0.0-dev' : SAMPAN_VERSION

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
  version: `${kubernetes}+sampan.${own}`,
})
