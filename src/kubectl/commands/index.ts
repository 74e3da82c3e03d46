// Every kubectl command, in the order in which help lists them; the code of each is loaded when it is used.

import type { CommandEntry } from '../command.ts'

const BASIC = 'Basic Commands (Intermediate):'

export const entries: readonly CommandEntry[] = [
  {
    name: 'get',
    short: 'Display one or many resources',
    group: BASIC,
    load: async () => (await import('./get.ts')).get,
  },
]
