// One change, told to many watchers.

import type { ClientHttp2Stream } from 'node:http2'
import { NAMESPACE, post, target } from './cluster.ts'
import { report } from './figures.ts'
import { open, send } from './load.ts'

export async function measureFanOut(): Promise<void> {
  for (const watchers of [500, 1000]) await measureWatchers(watchers)
}

async function measureWatchers(watchers: number): Promise<void> {
  const session = await open(target())
  await post(session, `${NAMESPACE}/configmaps`, { metadata: { name: 'watched' } })
  const waiting = new Set<ClientHttp2Stream>()
  let told: () => void = () => {}
  const streams = await Promise.all(
    Array.from(
      { length: watchers },
      () =>
        new Promise<ClientHttp2Stream>((resolve, reject) => {
          const stream = session.request({
            ':path': `${NAMESPACE}/configmaps?watch=1&fieldSelector=metadata.name=watched`,
          })
          stream.once('error', reject)
          // The first frame is the object as it is.
          stream.once('data', () => {
            stream.on('data', () => {
              waiting.delete(stream)
              if (waiting.size === 0) told()
            })
            resolve(stream)
          })
        }),
    ),
  )
  const times: number[] = []
  const writer = await open(target())
  for (let i = 0; i < 5; i++) {
    for (const stream of streams) waiting.add(stream)
    const all = new Promise<void>((resolve) => {
      told = resolve
    })
    const started = performance.now()
    await send(writer, {
      method: 'PUT',
      path: `${NAMESPACE}/configmaps/watched`,
      body: JSON.stringify({ metadata: { name: 'watched' }, data: { n: String(i) } }),
    })
    await all
    times.push(performance.now() - started)
  }
  report(`one event to ${watchers} watchers`, times.sort((a, b) => a - b)[2] ?? 0, 'ms (median of 5)')
  await send(writer, { method: 'DELETE', path: `${NAMESPACE}/configmaps/watched` })
  writer.destroy()
  session.destroy()
}
