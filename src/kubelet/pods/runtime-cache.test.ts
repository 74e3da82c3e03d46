import { describe, expect, it } from 'vitest'
import type { ContainerState, Runtime } from '../runtime/runtime.ts'
import { RuntimeCache } from './runtime-cache.ts'

function container(state: ContainerState['state'], reason: string): ContainerState {
  return {
    id: 'c',
    sandboxId: 's',
    name: 'main',
    attempt: 0,
    state,
    image: 'i',
    imageRef: 'i',
    createdAt: 1,
    startedAt: 2,
    finishedAt: 3,
    exitCode: 137,
    reason,
    message: '',
    labels: { 'io.kubernetes.pod.uid': 'u' },
    annotations: {},
    logPath: '',
  }
}

/** A runtime with one container, which counts how often it is asked for details. */
function oneContainer() {
  const told = { status: container('created', ''), asked: 0, gone: false, listed: [] as (string | undefined)[] }
  const runtime: Pick<Runtime, 'listSandboxes' | 'listContainers' | 'containerStatus' | 'sandboxIPs'> = {
    listSandboxes: async (uid) => {
      told.listed.push(uid)
      return []
    },
    sandboxIPs: async () => [],
    listContainers: async () => (told.gone ? [] : [told.status]),
    containerStatus: async () => {
      told.asked++
      return told.status
    },
  }
  return { told, cache: new RuntimeCache(runtime) }
}

describe('the picture of the runtime', () => {
  it('asks for details once in each state', async () => {
    const { told, cache } = oneContainer()
    for (const state of ['created', 'created', 'running', 'running', 'exited', 'exited'] as const) {
      told.status = container(state, '')
      expect((await cache.read('u')).containers[0]?.state).toBe(state)
    }
    expect(told.asked).toBe(3)
    // Nobody else's pods are gone through for it.
    expect(new Set(told.listed)).toEqual(new Set(['u']))
  })

  it('forgets a pod that is gone', async () => {
    const { told, cache } = oneContainer()
    await cache.read('u')
    expect(cache.peek('u').containers).toHaveLength(1)
    expect(await cache.podUids()).toEqual(new Set(['u']))
    told.gone = true
    expect(await cache.read('u')).toEqual({ sandboxes: [], containers: [], ips: [] })
    expect(cache.peek('u').containers).toEqual([])
    expect(await cache.podUids()).toEqual(new Set())
  })

  it('asks again about a container that ran out of memory, whose reason may come late', async () => {
    const { told, cache } = oneContainer()
    told.status = container('exited', 'Error')
    expect((await cache.read('u')).containers[0]?.reason).toBe('Error')
    cache.ranOutOfMemory('c')
    expect((await cache.read('u')).containers[0]?.reason).toBe('Error')
    told.status = container('exited', 'OOMKilled')
    expect((await cache.read('u')).containers[0]?.reason).toBe('OOMKilled')
  })
})
