// Long lists, and the memory that many pods take.

import type { ClientHttp2Session } from 'node:http2'
import { NAMESPACE, podOf, post, residentMB, sampan, target, up } from './cluster.ts'
import { report } from './figures.ts'
import { open, send } from './load.ts'

export async function measureList(): Promise<void> {
  const before = await residentAfterStart()
  const session = await open(target())
  await fillWithPods(session, 0, 5000)
  await timeList(session, 'list of 5,000 pods', 'application/json')
  await fillWithPods(session, 5000, 10_000)
  await timeList(session, 'list of 10,000 pods, JSON', 'application/json')
  await timeList(session, 'list of 10,000 pods, protobuf', 'application/vnd.kubernetes.protobuf')
  session.destroy()
  report('resident memory for 10,000 pods', (await residentAfterStart()) - before, 'MB')
  const again = await open(target())
  await send(again, { method: 'DELETE', path: `${NAMESPACE}/pods?gracePeriodSeconds=0` })
  again.destroy()
}

/** Pods that nobody schedules: they are there to be listed. */
async function fillWithPods(session: ClientHttp2Session, from: number, to: number): Promise<void> {
  for (let n = from; n < to; n += 50) {
    await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        post(session, `${NAMESPACE}/pods`, podOf(`list-${n + i}`, { schedulerName: 'nobody' })),
      ),
    )
  }
}

async function timeList(session: ClientHttp2Session, name: string, accept: string): Promise<void> {
  const times: number[] = []
  let bytes = 0
  for (let i = 0; i < 5; i++) {
    const started = performance.now()
    bytes = (await send(session, { method: 'GET', path: `${NAMESPACE}/pods`, accept })).length
    times.push(performance.now() - started)
  }
  report(name, times.sort((a, b) => a - b)[2] ?? 0, 'ms (median of 5)')
  report('  size of that list', bytes / 1e6, 'MB')
}

/** What a start reads back is what the objects themselves take: what making them took has gone. */
async function residentAfterStart(): Promise<number> {
  await sampan('down')
  await up()
  const session = await open(target())
  // The pods have been read when they can be listed.
  await send(session, { method: 'GET', path: `${NAMESPACE}/pods?limit=1` })
  session.destroy()
  return residentMB()
}
