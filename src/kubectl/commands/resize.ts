// kubectl resize, as `scale` was called before 1.0.

import type { KubectlCommand } from '../command.ts'
import { runScale, scale } from './scale.ts'

export const resize: KubectlCommand = {
  ...scale,
  name: 'resize',
  short: 'Set a new size for a resizable resource: now `scale`',
  hidden: true,
  run: (invocation, ctx) => runScale(invocation, ctx, 'resized'),
}
