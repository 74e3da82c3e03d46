// How long a start takes: to the API, to the node, to the first pod.

import {
  connectWhenReady,
  exec,
  IMAGE,
  isReady,
  NAME,
  NAMESPACE,
  podOf,
  post,
  sampan,
  script,
  target,
  up,
  watchUntil,
} from './cluster.ts'
import { report } from './figures.ts'
import { open, send } from './load.ts'

export async function measureStart(): Promise<void> {
  const fresh = await up()
  report('up to API ready (new cluster)', fresh.api, 's', { atMost: 1.0 })
  report('up to node Ready (new cluster)', fresh.node, 's', { atMost: 2.0 })
  await exec(process.execPath, [
    script,
    'image',
    'from-host',
    '--name',
    NAME,
    '-t',
    IMAGE,
    '--entrypoint',
    '/usr/bin/catatonit',
    '--cmd',
    '-P',
    '/usr/bin/catatonit',
  ])
  const session = await open(target())
  await post(session, `${NAMESPACE}/pods`, podOf('warm'))
  await watchUntil(session, `${NAMESPACE}/pods?watch=1&fieldSelector=metadata.name=warm`, isReady)
  await send(session, { method: 'DELETE', path: `${NAMESPACE}/pods/warm` })
  session.destroy()
  await sampan('down')
  const started = performance.now()
  const upping = up()
  const early = await connectWhenReady()
  await post(early, `${NAMESPACE}/pods`, podOf('first'))
  await watchUntil(early, `${NAMESPACE}/pods?watch=1&fieldSelector=metadata.name=first`, isReady)
  report('up to first pod Ready (image present)', (performance.now() - started) / 1000, 's', { atMost: 3.0 })
  early.destroy()
  await upping
}
