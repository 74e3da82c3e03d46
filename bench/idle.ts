// What a cluster without anything to do takes.

import { readFileSync } from 'node:fs'
import { residentMB, sampan, serverPid, up } from './cluster.ts'
import { report } from './figures.ts'

export async function measureIdle(seconds: number): Promise<void> {
  await sampan('down')
  await up()
  const pid = await serverPid()
  const TICKS = 100
  const ticks = () => {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ') ?? []
    return Number(fields[11]) + Number(fields[12])
  }
  // Starting up is not idling.
  await new Promise((resolve) => setTimeout(resolve, 10_000))
  const before = ticks()
  await new Promise((resolve) => setTimeout(resolve, seconds * 1000))
  report(`idle CPU over ${seconds} s`, ((ticks() - before) / TICKS / seconds) * 100, '% of a core', { atMost: 1 })
  report('resident memory of the server, idle', await residentMB(), 'MB', { atMost: 160 })
}
