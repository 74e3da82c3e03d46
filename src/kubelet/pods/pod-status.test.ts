import { describe, expect, it } from 'vitest'
import type { Container, ContainerStatus, Pod } from '../../api/generated/core-v1.ts'
import type { ContainerState, SandboxState } from '../runtime/runtime.ts'
import { type PodStatusInput, podStatus, same, statusPatch } from './pod-status.ts'
import { ResizeTracker } from './resize.ts'
import type { PodRuntimeState, ProbeView } from './types.ts'

const T0 = Date.UTC(2026, 0, 1)

function pod(spec: Partial<Pod['spec']> = {}, status: Pod['status'] = {}): Pod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'd', uid: 'u', resourceVersion: '1', creationTimestamp: '', generation: 3 },
    spec: { containers: [{ name: 'a', image: 'i' }], ...spec },
    status,
  }
}

function instance(name: string, state: ContainerState['state'], exitCode = 0): ContainerState {
  return {
    id: `${name}1`,
    sandboxId: 's',
    name,
    attempt: 0,
    state,
    image: 'i',
    imageRef: 'sha256:1',
    createdAt: T0,
    startedAt: T0,
    finishedAt: state === 'exited' ? T0 + 1000 : 0,
    exitCode,
    reason: '',
    message: '',
    labels: {},
    annotations: {},
    logPath: '',
  }
}

const sandbox: SandboxState = {
  id: 's',
  pod: { name: 'p', namespace: 'd', uid: 'u', attempt: 0 },
  ready: true,
  createdAt: T0,
  labels: {},
  annotations: {},
}
const having = (...containers: ContainerState[]): PodRuntimeState => ({
  sandboxes: [sandbox],
  containers,
  ips: ['10.0.0.1'],
})

function status(p: Pod, state: PodRuntimeState, more: Partial<PodStatusInput> = {}) {
  const probes: ProbeView = { liveness: () => 'success', readiness: () => 'unknown', startup: () => 'unknown' }
  return podStatus({
    pod: p,
    state,
    probes,
    waiting: new Map(),
    messages: new Map(),
    runtimeName: 'containerd',
    hostIPs: ['192.0.2.1'],
    ending: false,
    stopped: false,
    now: T0 + 5000,
    ...more,
  })
}

const init: Container = { name: 'i', image: 'i' }
const two = { containers: [{ name: 'a' }, { name: 'b' }] }

describe('the phase of a pod', () => {
  it.each([
    ['nothing runs yet', pod(), having(), 'Pending'],
    ['all run', pod(), having(instance('a', 'running')), 'Running'],
    ['one of two runs', pod(two), having(instance('a', 'running')), 'Pending'],
    ['one ended and will be restarted', pod(), having(instance('a', 'exited', 1)), 'Running'],
    ['all succeeded', pod({ restartPolicy: 'OnFailure' }), having(instance('a', 'exited')), 'Succeeded'],
    ['one failed for good', pod({ restartPolicy: 'Never' }), having(instance('a', 'exited', 1)), 'Failed'],
    ['init runs', pod({ initContainers: [init] }), having(instance('i', 'running')), 'Pending'],
    [
      'init failed for good',
      pod({ initContainers: [init], restartPolicy: 'Never' }),
      having(instance('i', 'exited', 1)),
      'Failed',
    ],
    [
      'init failed and will be restarted',
      pod({ initContainers: [init] }),
      having(instance('i', 'exited', 1)),
      'Pending',
    ],
    ['it was Failed before', pod({}, { phase: 'Failed' }), having(instance('a', 'running')), 'Failed'],
  ])('%s: %s', (_, p, state, phase) => {
    expect(status(p, state).phase).toBe(phase)
  })

  it('is Failed once stopped, unless everything succeeded', () => {
    expect(status(pod(), having(instance('a', 'exited', 137)), { ending: true, stopped: true }).phase).toBe('Failed')
    expect(status(pod(), having(instance('a', 'exited', 0)), { ending: true, stopped: true }).phase).toBe('Succeeded')
    expect(status(pod(), having(), { ending: true, stopped: true }).phase).toBe('Failed')
  })
})

describe('conditions', () => {
  const condition = (s: ReturnType<typeof status>, type: string) => s.conditions?.find((c) => c.type === type)

  it('say which containers are not ready', () => {
    const p = pod({ containers: [{ name: 'a', readinessProbe: {} }, { name: 'b' }] })
    const s = status(p, having(instance('a', 'running'), instance('b', 'running')))
    expect(condition(s, 'Ready')).toMatchObject({
      status: 'False',
      reason: 'ContainersNotReady',
      message: 'containers with unready status: [a]',
      observedGeneration: 3,
    })
    expect(condition(s, 'PodReadyToStartContainers')?.status).toBe('True')
  })

  it('say which init containers are to come', () => {
    const s = status(pod({ initContainers: [init] }), having(instance('i', 'running')))
    expect(condition(s, 'Initialized')).toMatchObject({ message: 'containers with incomplete status: [i]' })
    expect(s.containerStatuses?.[0]?.state).toEqual({ waiting: { reason: 'PodInitializing' } })
  })

  it('wait for readiness gates and keep what others wrote', () => {
    const gates = { readinessGates: [{ conditionType: 'x.io/up' }] }
    const without = status(pod(gates), having(instance('a', 'running')))
    expect(condition(without, 'Ready')).toMatchObject({
      reason: 'ReadinessGatesNotReady',
      message: 'corresponding condition of pod readiness gate "x.io/up" does not exist.',
    })
    const up = { conditions: [{ type: 'x.io/up', status: 'True' }] }
    const s = status(pod(gates, up), having(instance('a', 'running')))
    expect(condition(s, 'Ready')?.status).toBe('True')
    expect(condition(s, 'x.io/up')).toEqual({ type: 'x.io/up', status: 'True' })
  })
})

describe('the status patch', () => {
  it('is empty when nothing changed, and carries only what did', () => {
    const first = status(pod(), having(instance('a', 'running')))
    const again = status(pod({}, first), having(instance('a', 'running')), { now: T0 + 60_000 })
    expect(statusPatch(first, again)).toBeUndefined()
    const ended = status(pod({}, first), having(instance('a', 'exited', 1)), { now: T0 + 60_000 })
    const patch = statusPatch(first, ended) ?? {}
    expect(Object.keys(patch).sort()).toEqual(['conditions', 'containerStatuses'])
    expect((patch.conditions as { type: string }[]).map((c) => c.type)).toEqual(['Ready', 'ContainersReady'])
  })

  it('replaces addresses as a whole', () => {
    const before = { podIPs: [{ ip: '1' }] }
    expect(statusPatch(before, { podIPs: [{ ip: '2' }] })).toEqual({ podIPs: [{ ip: '2' }, { $patch: 'replace' }] })
  })

  it('takes absent and empty for the same', () => {
    expect(same({ a: {}, b: [] }, {})).toBe(true)
    expect(same({ a: 0 }, {})).toBe(false)
  })
})

describe('resizing in place', () => {
  it('happens once per change, also after a restart of the kubelet', () => {
    const sized = (cpu: string) => ({ name: 'a', resources: { limits: { cpu }, requests: { cpu } } })
    const running = having(instance('a', 'running'))
    const tracker = new ResizeTracker()
    expect(tracker.plan(pod({ containers: [sized('1')] }), running, 2 ** 33)).toEqual([])
    const [step] = tracker.plan(pod({ containers: [sized('2')] }), running, 2 ** 33)
    expect(step?.resources).toMatchObject({ cpuShares: 2048, cpuQuota: 200_000 })
    if (step) tracker.done(step)
    expect(tracker.plan(pod({ containers: [sized('2')] }), running, 2 ** 33)).toEqual([])

    const reported: ContainerStatus = {
      name: 'a',
      image: 'i',
      imageID: '',
      ready: true,
      restartCount: 0,
      containerID: 'containerd://a1',
      state: { running: {} },
      resources: { ...sized('1').resources },
    }
    const restarted = pod({ containers: [sized('2')] }, { containerStatuses: [reported] })
    expect(new ResizeTracker().plan(restarted, running, 2 ** 33)).toHaveLength(1)
  })
})
