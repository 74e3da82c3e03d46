// The proxy's timing on a virtual clock, with nft played by a function that can fail.

import { afterEach, expect, it } from 'vitest'
import { endpointslices, services } from '../api/generated/resources.ts'
import { startTestApi, type TestApi } from '../apiserver/testing.ts'
import { InformerFactory } from '../client/informer.ts'
import { systemClock, VirtualClock } from '../machinery/clock.ts'
import { silentLogger } from '../machinery/logger.ts'
import type { Run } from './host.ts'
import { runServiceProxy } from './service-proxy.ts'

const open: { api: TestApi; stop: AbortController; proxy: Promise<void> }[] = []

afterEach(async () => {
  for (const { api, stop, proxy } of open.splice(0)) {
    stop.abort()
    await proxy
    await api.close()
  }
})

async function start(fails: () => boolean) {
  const api = await startTestApi()
  const clock = new VirtualClock()
  const stop = new AbortController()
  const scripts: string[] = []
  const run: Run = async (file, args, stdin = '') => {
    if (file === 'conntrack') return { code: 0, stdout: '', stderr: '' }
    if (args[0] !== '-f') return { code: 0, stdout: 'table ip t {\n\tchain prerouting {\n\t}\n}\n', stderr: '' }
    scripts.push(stdin)
    return fails() ? { code: 1, stdout: '', stderr: 'Error: Could not process rule: File exists' } : OK
  }
  const informers = new InformerFactory({ client: api.client, clock: systemClock, log: silentLogger })
  informers.start(stop.signal)
  const network = { nodeName: 'n1', podCidr: '10.244.0.0/16', bridge: 'br0', table: 't' }
  const proxy = runServiceProxy({ informers, ...network, clock, log: silentLogger, run, signal: stop.signal })
  open.push({ api, stop, proxy })
  const reached = (count: number, step: number) =>
    expect
      .poll(async () => {
        await clock.advance(step)
        return scripts.length
      })
      .toBe(count)
  return { api, clock, scripts, reached }
}

const OK = { code: 0, stdout: '', stderr: '' }
const addService = (api: TestApi, name: string) =>
  api.client.create(services, { metadata: { name, namespace: 'default' }, spec: { ports: [{ port: 80 }] } })

it('writes everything first, then changes alone, several at once', async () => {
  const { api, scripts, reached } = await start(() => false)
  await reached(1, 5)
  expect(scripts[0]).toContain('flush table ip t')
  await Promise.all([addService(api, 'a'), addService(api, 'b')])
  await reached(2, 5)
  expect(scripts[1]).not.toContain('table')
  expect(scripts[1]?.match(/ \. tcp \. 80/g)).toHaveLength(2)
})

it('writes everything after a failure, on an empty table after the second, with growing pauses', async () => {
  let failures = 0
  const { api, clock, scripts, reached } = await start(() => failures-- > 0)
  await reached(1, 5)
  failures = 3
  await addService(api, 'a')
  await reached(2, 5)
  expect(scripts[1]).not.toContain('table')
  await clock.advance(99)
  expect(scripts).toHaveLength(2)
  await reached(3, 1)
  expect(scripts[2]).toContain('flush table ip t')
  await reached(4, 50)
  expect(scripts[3]).toContain('delete table ip t')
  await reached(5, 100)
  expect(scripts[4]).toContain('. tcp . 80')
  await clock.advance(60_000)
  expect(scripts).toHaveLength(5)
})

it('writes everything again after ten minutes', async () => {
  const { clock, scripts, reached } = await start(() => false)
  await reached(1, 5)
  await clock.advance(9 * 60_000)
  expect(scripts).toHaveLength(1)
  await clock.advance(60_000 + 10)
  await reached(2, 5)
  expect(scripts[1]).toContain('flush table ip t')
})

it('does nothing for what changes no rule', async () => {
  const { api, scripts, reached } = await start(() => false)
  await reached(1, 5)
  const labels = { 'kubernetes.io/service-name': 'missing' }
  const slice = { addressType: 'IPv4', endpoints: [{ addresses: ['10.244.0.5'] }], ports: [{ port: 80 }] }
  await api.client.create(endpointslices, { metadata: { name: 'x', namespace: 'default', labels }, ...slice })
  await addService(api, 'after')
  await reached(2, 5)
  expect(scripts[1]).not.toContain('10.244.0.5')
})
