// Every command, in the order in which help lists them.

import type { Command } from '../command.ts'
import { completion } from './completion.ts'
import { deleteCommand } from './delete.ts'
import { doctor } from './doctor.ts'
import { down } from './down.ts'
import { image } from './image.ts'
import { ingress } from './ingress.ts'
import { join } from './join.ts'
import { kubeconfig } from './kubeconfig.ts'
import { node } from './node.ts'
import { server } from './server.ts'
import { status } from './status.ts'
import { up } from './up.ts'
import { version } from './version.ts'

export const commands: readonly Command[] = [
  up,
  down,
  status,
  deleteCommand,
  node,
  join,
  kubeconfig,
  image,
  ingress,
  doctor,
  version,
  completion,
  server,
]
