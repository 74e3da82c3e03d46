import { describe, expect, it } from 'vitest'
import { systemClock, VirtualClock } from '../../../machinery/clock.ts'
import type { Random } from '../../../machinery/random.ts'
import { containerConfig, type RuntimeFixture, runtimeSuite, sandboxConfig, watchEvents } from '../runtime.suite.ts'
import { AddressPool } from './address-pool.ts'
import { createSimulatedRuntime } from './simulated-runtime.ts'

let drawn = 0
const random: Random = { next: () => 0.5, uuid: () => `00000000-0000-4000-8000-${String(++drawn).padStart(12, '0')}` }

function fixtureOf(clock = systemClock) {
  const runtime = createSimulatedRuntime({ clock, random })
  const fixture: RuntimeFixture = {
    runtime,
    image: 'example.test/any:1',
    command: ['/run'],
    logDirectory: '/var/log/pods',
    cgroupParent: '/kubepods',
    dispose: () => runtime.close(),
  }
  return { fixture, runtime }
}

runtimeSuite('simulated', async () => fixtureOf().fixture)

describe('simulated: what a test can make happen', () => {
  async function started() {
    const clock = new VirtualClock()
    const { fixture, runtime } = fixtureOf(clock)
    const sandbox = sandboxConfig(fixture)
    const sandboxId = await runtime.runSandbox(sandbox)
    const id = await runtime.createContainer(sandboxId, containerConfig(fixture), sandbox)
    await runtime.startContainer(id)
    return { clock, fixture, runtime, sandbox, sandboxId, id }
  }

  it('crashes a container at the clock’s time', async () => {
    const { clock, runtime, id, sandbox } = await started()
    const events = watchEvents(runtime)
    await events.until((e) => e.containerId === '')
    await clock.advance(5000)
    runtime.controls.exitContainer(id, { exitCode: 137, reason: 'OOMKilled' })
    await events.until((e) => e.type === 'exited' && e.podUid === sandbox.pod.uid)
    const status = await runtime.containerStatus(id)
    expect(status).toMatchObject({ state: 'exited', exitCode: 137, reason: 'OOMKilled', finishedAt: clock.now() })
    await events.stop()
  })

  it('kills a sandbox with its containers', async () => {
    const { runtime, id, sandboxId } = await started()
    runtime.controls.killSandbox(sandboxId)
    expect((await runtime.listSandboxes())[0]?.ready).toBe(false)
    expect((await runtime.containerStatus(id)).state).toBe('exited')
  })

  it('fails pulls and starts until told otherwise', async () => {
    const { runtime, fixture, sandbox, sandboxId } = await started()
    runtime.controls.failPull('x:1', 'no such host')
    await expect(runtime.pullImage('x:1')).rejects.toThrow('no such host')
    runtime.controls.failPull('x:1', undefined)
    await runtime.pullImage('x:1')
    runtime.controls.failStart('main', 'exec format error')
    const id = await runtime.createContainer(sandboxId, containerConfig(fixture, { attempt: 1 }), sandbox)
    await expect(runtime.startContainer(id)).rejects.toThrow('exec format error')
    expect(await runtime.containerStatus(id)).toMatchObject({ state: 'exited', exitCode: 128, reason: 'StartError' })
  })

  it('is down and comes back', async () => {
    const { runtime, id } = await started()
    runtime.controls.setDown(true)
    await expect(runtime.listContainers()).rejects.toMatchObject({ code: 'UNAVAILABLE' })
    runtime.controls.setDown(false)
    expect((await runtime.containerStatus(id)).state).toBe('running')
  })

  it('runs no commands', async () => {
    const { runtime, id } = await started()
    await expect(runtime.execSync(id, ['true'], 0)).rejects.toMatchObject({ code: 'UNIMPLEMENTED' })
  })

  it('gives every pod its own address and takes it back', () => {
    const pool = new AddressPool('10.1.2.0/29')
    const taken = [pool.take(), pool.take(), pool.take(), pool.take(), pool.take()]
    expect(taken).toEqual(['10.1.2.2', '10.1.2.3', '10.1.2.4', '10.1.2.5', '10.1.2.6'])
    expect(() => pool.take()).toThrow('no IP addresses available')
    pool.release('10.1.2.4')
    expect(pool.take()).toBe('10.1.2.4')
  })
})
