// What `kubectl create` makes from flags alone, in the order in which help lists it.

import type { KubectlCommand } from '../command.ts'

export const generators: readonly KubectlCommand[] = []
