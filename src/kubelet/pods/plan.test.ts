import { describe, expect, it } from 'vitest'
import type { Container, Pod } from '../../api/generated/core-v1.ts'
import type { ContainerState, SandboxState } from '../runtime/runtime.ts'
import { ANNOTATION_HASH, containerHash } from './identity.ts'
import { planPod } from './plan.ts'
import type { ApiPod, PodRuntimeState, ProbeResult, ProbeView } from './types.ts'

function pod(spec: Partial<Pod['spec']> = {}): ApiPod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', namespace: 'default', uid: 'u', resourceVersion: '1', creationTimestamp: '' },
    spec: { containers: [{ name: 'a', image: 'i' }], ...spec },
    status: {},
  }
}

const sandbox = (over: Partial<SandboxState> = {}): SandboxState => ({
  id: 's0',
  pod: { name: 'p', namespace: 'default', uid: 'u', attempt: 0 },
  ready: true,
  createdAt: 0,
  labels: {},
  annotations: {},
  ...over,
})

function instance(name: string, state: ContainerState['state'], over: Partial<ContainerState> = {}): ContainerState {
  return {
    id: `${name}-id`,
    sandboxId: 's0',
    name,
    attempt: 0,
    state,
    image: 'i',
    imageRef: 'i',
    createdAt: 0,
    startedAt: 0,
    finishedAt: 0,
    exitCode: 0,
    reason: '',
    message: '',
    labels: {},
    annotations: { [ANNOTATION_HASH]: containerHash({ name, image: 'i' }) },
    logPath: '',
    ...over,
  }
}

const having = (...containers: ContainerState[]): PodRuntimeState => ({
  sandboxes: [sandbox()],
  containers,
  ips: ['10.0.0.1'],
})

function probes(results: Partial<Record<keyof ProbeView, ProbeResult>> = {}): ProbeView {
  return {
    liveness: () => results.liveness ?? 'success',
    readiness: () => results.readiness ?? 'success',
    startup: () => results.startup ?? 'success',
  }
}

const summary = (p: ApiPod, state: PodRuntimeState, view = probes()) => {
  const plan = planPod(p, state, view)
  return {
    ...(plan.killPod ? { killPod: true } : {}),
    ...(plan.createSandbox ? { sandbox: plan.attempt } : {}),
    ...(plan.kill.length > 0 ? { kill: plan.kill.map((k) => k.message) } : {}),
    start: plan.start.map((c) => c.name),
  }
}

const init = (name: string, more: Partial<Container> = {}): Container => ({ name, image: 'i', ...more })
const side = (name: string, more: Partial<Container> = {}) => init(name, { restartPolicy: 'Always', ...more })
const ok = { exitCode: 0 }
const bad = { exitCode: 1 }

describe('planPod', () => {
  const nothing: PodRuntimeState = { sandboxes: [], containers: [], ips: [] }
  const dead: PodRuntimeState = {
    sandboxes: [sandbox({ ready: false })],
    containers: [instance('a', 'exited', bad)],
    ips: [],
  }
  const withInit = pod({ initContainers: [init('i1'), init('i2')] })
  const withSide = pod({ initContainers: [side('s'), init('i')] })

  it.each([
    ['a new pod', pod(), nothing, { killPod: true, sandbox: 0, start: ['a'] }],
    ['a new pod with init containers', withInit, nothing, { killPod: true, sandbox: 0, start: ['i1'] }],
    ['a running pod', pod(), having(instance('a', 'running')), { start: [] }],
    ['an ended container', pod(), having(instance('a', 'exited', ok)), { start: ['a'] }],
    ['a container that was only created', pod(), having(instance('a', 'created')), { start: ['a'] }],
    ['a dead sandbox', pod(), dead, { killPod: true, sandbox: 1, start: ['a'] }],
    [
      'a sandbox without address',
      pod(),
      { ...having(instance('a', 'running')), ips: [] },
      { killPod: true, sandbox: 1, start: ['a'] },
    ],
    [
      'the same on the host network',
      pod({ hostNetwork: true }),
      { ...having(instance('a', 'running')), ips: [] },
      { start: [] },
    ],
    [
      'a completed pod',
      pod({ restartPolicy: 'Never' }),
      having(instance('a', 'exited', ok)),
      { killPod: true, start: [] },
    ],
    ['a completed pod without sandbox', pod({ restartPolicy: 'Never' }), dead, { killPod: true, start: [] }],
    [
      'OnFailure after success',
      pod({ restartPolicy: 'OnFailure' }),
      having(instance('a', 'exited', ok)),
      { killPod: true, start: [] },
    ],
    [
      'OnFailure after failure',
      pod({ restartPolicy: 'OnFailure' }),
      having(instance('a', 'exited', bad)),
      { start: ['a'] },
    ],
    [
      'a changed image',
      pod({ containers: [{ name: 'a', image: 'new' }] }),
      having(instance('a', 'running')),
      { kill: ['Container a definition changed, will be restarted'], start: ['a'] },
    ],
    ['the first init container running', withInit, having(instance('i1', 'running')), { start: [] }],
    ['the first init container done', withInit, having(instance('i1', 'exited', ok)), { start: ['i2'] }],
    ['a failed init container', withInit, having(instance('i1', 'exited', bad)), { start: ['i1'] }],
    [
      'a failed init container that stays so',
      pod({ initContainers: [init('i1')], restartPolicy: 'Never' }),
      having(instance('i1', 'exited', bad)),
      { killPod: true, start: [] },
    ],
    [
      'all init containers done',
      withInit,
      having(instance('i2', 'exited', ok), instance('i1', 'exited', ok)),
      { start: ['a'] },
    ],
    ['init containers that were removed since', withInit, having(instance('a', 'running')), { start: [] }],
    ['a sidecar that runs', withSide, having(instance('s', 'running')), { start: ['i'] }],
    ['a sidecar that ended', withSide, having(instance('s', 'exited', ok), instance('a', 'running')), { start: ['s'] }],
    [
      'a sidecar when all else is done',
      pod({ initContainers: [side('s')], restartPolicy: 'Never' }),
      having(instance('s', 'exited', ok), instance('a', 'exited', ok)),
      { killPod: true, start: [] },
    ],
    [
      'a new ephemeral container',
      pod({ ephemeralContainers: [{ name: 'e', image: 'i' }] }),
      having(instance('a', 'running')),
      { start: ['e'] },
    ],
    [
      'an ended ephemeral container',
      pod({ ephemeralContainers: [{ name: 'e', image: 'i' }] }),
      having(instance('e', 'exited', ok), instance('a', 'running')),
      { start: [] },
    ],
    [
      'an unknown state',
      pod(),
      having(instance('a', 'unknown')),
      { kill: ['Container is in "unknown" state, try killing it before restart'], start: ['a'] },
    ],
  ])('%s', (_, p, state, expected) => {
    expect(summary(p, state)).toEqual(expected)
  })

  it('kills what fails its liveness or startup probe', () => {
    const state = having(instance('a', 'running'))
    expect(summary(pod(), state, probes({ liveness: 'failure' }))).toEqual({
      kill: ['Container a failed liveness probe, will be restarted'],
      start: ['a'],
    })
    expect(summary(pod({ restartPolicy: 'Never' }), state, probes({ startup: 'failure' }))).toEqual({
      kill: ['Container a failed startup probe'],
      start: [],
    })
  })

  it('waits for the startup probe of a sidecar', () => {
    const p = pod({ initContainers: [side('s', { startupProbe: {} }), init('i')] })
    expect(summary(p, having(instance('s', 'running')), probes({ startup: 'unknown' }))).toEqual({ start: [] })
  })

  it('follows restart rules of a container before the policy of the pod', () => {
    const rules = [{ action: 'Restart', exitCodes: { operator: 'In', values: [42] } }]
    const p = pod({
      restartPolicy: 'Never',
      containers: [{ name: 'a', image: 'i', restartPolicy: 'Never', restartPolicyRules: rules }],
    })
    expect(summary(p, having(instance('a', 'exited', { exitCode: 42 }))).start).toEqual(['a'])
    expect(summary(p, having(instance('a', 'exited', bad))).start).toEqual([])
  })
})
