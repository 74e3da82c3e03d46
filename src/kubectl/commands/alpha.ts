// kubectl alpha: where commands stand that are still being tried out; there are none.

import type { KubectlCommand } from '../command.ts'

export const alpha: KubectlCommand = {
  name: 'alpha',
  usage: '[flags] [options]',
  short: 'Commands for features in alpha',
  long: 'These commands correspond to alpha features that are not enabled in Kubernetes clusters by default.\n',
  flags: [],
}
