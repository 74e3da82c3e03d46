import { describe, expect, it } from 'vitest'
import type { KubeObject } from '../object.ts'
import { type DebugRequest, losesRights, nodePod, podCopy, withDebugContainer } from './pods.ts'

const request: DebugRequest = {
  image: 'busybox',
  container: '',
  args: [],
  argumentsOnly: false,
  env: [],
  pullPolicy: '',
  stdin: false,
  tty: false,
  target: '',
  profile: 'general',
  kept: {
    labels: false,
    annotations: false,
    livenessProbe: false,
    readinessProbe: false,
    startupProbe: false,
    initContainers: true,
  },
  custom: undefined,
  copyTo: 'copy',
  shareProcesses: undefined,
  sameNode: false,
  setImages: new Map(),
}

const pod: KubeObject = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'default', labels: { app: 'web' } },
  spec: {
    nodeName: 'n1',
    containers: [{ name: 'web', image: 'nginx', args: ['serve'], livenessProbe: {} }],
    ephemeralContainers: [{ name: 'debugger-aaaaa', image: 'busybox' }],
  },
}

function naming(...suffixes: string[]) {
  const said: string[] = []
  return { said, suffix: () => suffixes.shift() ?? 'zzzzz', say: (text: string) => void said.push(text) }
}

describe('a debug container', () => {
  it('gets a name that no container has', () => {
    const names = naming('aaaaa', 'bbbbb')
    expect(withDebugContainer(pod, request, names).container).toBe('debugger-bbbbb')
    expect(names.said).toEqual(['Defaulting debug container name to debugger-bbbbb.\n'])
  })

  it('replaces nothing of the containers that are there', () => {
    const { pod: changed } = withDebugContainer(pod, { ...request, container: 'd', target: 'web' }, naming())
    expect(changed).toMatchObject({
      spec: {
        containers: [{ name: 'web', args: ['serve'], livenessProbe: {} }],
        ephemeralContainers: [
          { name: 'debugger-aaaaa' },
          {
            name: 'd',
            targetContainerName: 'web',
            securityContext: { capabilities: { add: ['SYS_PTRACE'] } },
          },
        ],
      },
    })
  })
})

describe('a copy', () => {
  it('drops what is not kept, and the arguments when the command is another', () => {
    const { pod: copy } = podCopy(pod, { ...request, image: '', container: 'web', args: ['sh'] }, naming())
    expect(copy).toEqual({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'copy', namespace: 'default' },
      spec: {
        shareProcessNamespace: true,
        containers: [
          {
            name: 'web',
            image: 'nginx',
            command: ['sh'],
            securityContext: { capabilities: { add: ['SYS_PTRACE'] } },
          },
        ],
      },
    })
  })

  it('with other images alone has no container to attach to', () => {
    const copy = podCopy(pod, { ...request, image: '', setImages: new Map([['*', 'x']]), sameNode: true }, naming())
    expect(copy).toMatchObject({ container: '', pod: { spec: { nodeName: 'n1', containers: [{ image: 'x' }] } } })
  })

  it('needs an image for a new container', () => {
    expect(() => podCopy(pod, { ...request, image: '', container: 'new', args: ['sh'] }, naming())).toThrow(
      'you must specify image when creating new container',
    )
  })
})

it.each([
  ['legacy', { hostPID: true, volumes: [{ name: 'host-root' }] }],
  ['general', { hostPID: true, volumes: [{ name: 'host-root' }] }],
  [
    'netadmin',
    { hostPID: true, containers: [{ securityContext: { capabilities: { add: ['NET_ADMIN', 'NET_RAW'] } } }] },
  ],
  ['sysadmin', { hostPID: true, containers: [{ securityContext: { privileged: true } }] }],
  ['restricted', { containers: [{ securityContext: { runAsNonRoot: true, allowPrivilegeEscalation: false } }] }],
])('a pod on a node, profile %s', (profile, spec) => {
  const made = nodePod({ metadata: { name: 'n1' } }, { ...request, profile }, naming('ccccc'))
  expect(made).toMatchObject({ container: 'debugger', pod: { metadata: { name: 'node-debugger-n1-ccccc' }, spec } })
})

it.each([
  [undefined, { privileged: true }, false],
  [0, { privileged: true }, false],
  [1000, { privileged: true }, true],
  [1000, { capabilities: { add: ['SYS_PTRACE'] } }, true],
  [1000, { capabilities: { drop: ['ALL'] } }, false],
  [1000, { privileged: true, runAsUser: 0 }, false],
])('rights on pods of user %s: %j', (runAsUser, securityContext, lost) => {
  expect(losesRights({ securityContext }, { spec: { securityContext: { runAsUser } } })).toBe(lost)
})
