// npm run bench: measures a real cluster on this machine, prints a table and writes JSON.
// Options: --only NAME[,NAME…], --idle-seconds N (60).

import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { availableParallelism, cpus, totalmem } from 'node:os'
import { DATA, sampan } from './cluster.ts'
import { measureCustom } from './custom.ts'
import { measureFanOut } from './fan-out.ts'
import { figures } from './figures.ts'
import { measureIdle } from './idle.ts'
import { measureList } from './list.ts'
import { measurePods } from './pods.ts'
import { measureApply, measureRequests, serveAsChild } from './requests.ts'
import { measureStart } from './start.ts'

const flag = (name: string) => {
  const at = process.argv.indexOf(name)
  return at < 0 ? undefined : process.argv[at + 1]
}

async function main(): Promise<void> {
  const only = flag('--only')?.split(',')
  const parts: readonly [string, () => Promise<void>][] = [
    ['start', measureStart],
    ['pods', measurePods],
    ['requests', measureRequests],
    ['apply', measureApply],
    ['custom', measureCustom],
    ['list', measureList],
    ['fan-out', measureFanOut],
    ['idle', () => measureIdle(Number(flag('--idle-seconds') ?? 60))],
  ]
  if (existsSync(DATA)) await sampan('delete')
  try {
    for (const [name, measure] of parts) if (name === 'start' || !only || only.includes(name)) await measure()
  } finally {
    await sampan('delete')
  }
  const machine = {
    cpus: availableParallelism(),
    model: cpus()[0]?.model,
    memoryMB: Math.round(totalmem() / 1e6),
    node: process.version,
  }
  const results = new URL(`file://${flag('--results') ?? '/tmp'}/`)
  mkdirSync(results, { recursive: true })
  const file = new URL(`${new Date().toISOString().replace(/[:.]/g, '-')}.json`, results)
  writeFileSync(file, `${JSON.stringify({ machine, figures }, null, 2)}\n`)
  process.stdout.write(`written to ${file.pathname}\n`)
}

/** Whoever breaks off keeps no cluster. */
async function breakOff(): Promise<void> {
  await sampan('delete')
  process.exit(130)
}

if (process.argv.includes('--bare-server')) serveAsChild()
else {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void breakOff())
  main().catch((error: unknown) => {
    process.stderr.write(`error: ${error instanceof Error ? error.stack : String(error)}\n`)
    process.exitCode = 1
  })
}
