// What every container runtime must do; run by the tests of each implementation.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { ContainerConfig, Runtime, RuntimeEvent, SandboxConfig } from './runtime.ts'

export interface RuntimeFixture {
  readonly runtime: Runtime
  /** An image that is present, with a command that runs until it gets SIGTERM. */
  readonly image: string
  readonly command: readonly string[]
  readonly logDirectory: string
  readonly cgroupParent: string
  dispose(): Promise<void>
}

let sequence = 0

/** A sandbox with upstream's defaults. */
export function sandboxConfig(fixture: RuntimeFixture, overrides: Partial<SandboxConfig> = {}): SandboxConfig {
  const id = ++sequence
  return {
    pod: {
      name: `web-${id}`,
      namespace: 'default',
      uid: `00000000-0000-4000-8000-${String(id).padStart(12, '0')}`,
      attempt: 0,
    },
    hostname: `web-${id}`,
    logDirectory: `${fixture.logDirectory}/web-${id}`,
    dns: { servers: ['10.96.0.10'], searches: ['default.svc.cluster.local'], options: ['ndots:5'] },
    portMappings: [],
    labels: { app: 'web' },
    annotations: { note: 'kept' },
    cgroupParent: fixture.cgroupParent,
    namespaces: { hostNetwork: false, hostPID: false, hostIPC: false, shareProcessNamespace: false },
    sysctls: {},
    privileged: false,
    supplementalGroups: [],
    runtimeHandler: '',
    ...overrides,
  }
}

/** A container with upstream's defaults. */
export function containerConfig(fixture: RuntimeFixture, overrides: Partial<ContainerConfig> = {}): ContainerConfig {
  return {
    name: 'main',
    attempt: 0,
    image: fixture.image,
    command: fixture.command,
    args: [],
    workingDir: '',
    env: [{ name: 'GREETING', value: 'hello' }],
    mounts: [],
    labels: { app: 'web' },
    annotations: { note: 'kept' },
    logPath: 'main/0.log',
    stdin: false,
    stdinOnce: false,
    tty: false,
    resources: { cpuShares: 102, cpuQuota: 0, cpuPeriod: 100_000, memoryLimit: 0, oomScoreAdj: 1000 },
    security: {
      privileged: false,
      readOnlyRootFilesystem: false,
      allowPrivilegeEscalation: true,
      addCapabilities: [],
      dropCapabilities: [],
      supplementalGroups: [],
      seccomp: 'Unconfined',
      procMount: 'Default',
    },
    namespaces: { hostNetwork: false, hostPID: false, hostIPC: false, shareProcessNamespace: false },
    ...overrides,
  }
}

/** Collects events in the background; `until` resolves with the first that fits, seen or still to come. */
export function watchEvents(runtime: Runtime) {
  const over = new AbortController()
  const seen: RuntimeEvent[] = []
  let look = () => {}
  const following = (async () => {
    for await (const event of runtime.events({ signal: over.signal })) {
      seen.push(event)
      look()
    }
  })()
  return {
    seen,
    until: (fits: (event: RuntimeEvent) => boolean) =>
      new Promise<RuntimeEvent>((resolve) => {
        look = () => {
          const event = seen.find(fits)
          if (event !== undefined) resolve(event)
        }
        look()
      }),
    async stop() {
      over.abort()
      await following
    },
  }
}

/** Runs the suite on a runtime. */
export function runtimeSuite(name: string, make: () => Promise<RuntimeFixture>): void {
  describe(`${name}: the runtime contract`, () => {
    let fixture: RuntimeFixture
    let runtime: Runtime
    beforeAll(async () => {
      fixture = await make()
      runtime = fixture.runtime
    }, 60_000)
    afterAll(async () => {
      await fixture?.dispose()
    }, 60_000)

    async function running() {
      const sandbox = sandboxConfig(fixture)
      const sandboxId = await runtime.runSandbox(sandbox)
      const id = await runtime.createContainer(sandboxId, containerConfig(fixture), sandbox)
      await runtime.startContainer(id)
      return { sandbox, sandboxId, id }
    }

    async function removed(sandboxId: string) {
      await runtime.stopSandbox(sandboxId)
      await runtime.removeSandbox(sandboxId)
    }

    it('tells its version and that it is ready', async () => {
      expect((await runtime.version()).runtimeName).not.toBe('')
      expect(await runtime.status()).toEqual({ ready: true, networkReady: true, message: '' })
    })

    it('runs, lists, stops and removes a sandbox', async () => {
      const config = sandboxConfig(fixture)
      const id = await runtime.runSandbox(config)
      const find = async () => (await runtime.listSandboxes()).find((s) => s.id === id)
      const listed = await find()
      expect(listed).toMatchObject({ pod: config.pod, ready: true, annotations: { note: 'kept' } })
      expect(listed?.labels).toMatchObject({ app: 'web', 'io.kubernetes.pod.uid': config.pod.uid })
      expect(await runtime.sandboxIPs(id)).toHaveLength(1)
      await runtime.stopSandbox(id)
      expect((await find())?.ready).toBe(false)
      expect(await runtime.sandboxIPs(id)).toEqual([])
      await runtime.removeSandbox(id)
      expect(await find()).toBeUndefined()
    })

    it('gives host-network sandboxes no address', async () => {
      const namespaces = { hostNetwork: true, hostPID: false, hostIPC: false, shareProcessNamespace: false }
      const id = await runtime.runSandbox(sandboxConfig(fixture, { namespaces }))
      expect(await runtime.sandboxIPs(id)).toEqual([])
      await removed(id)
    })

    it('takes a container from created to running to exited', async () => {
      const sandbox = sandboxConfig(fixture)
      const sandboxId = await runtime.runSandbox(sandbox)
      const id = await runtime.createContainer(sandboxId, containerConfig(fixture), sandbox)
      const created = await runtime.containerStatus(id)
      expect(created).toMatchObject({ id, sandboxId, name: 'main', attempt: 0, state: 'created', startedAt: 0 })
      expect(created.labels).toMatchObject({
        'io.kubernetes.pod.name': sandbox.pod.name,
        'io.kubernetes.pod.namespace': 'default',
        'io.kubernetes.pod.uid': sandbox.pod.uid,
        'io.kubernetes.container.name': 'main',
      })
      await runtime.startContainer(id)
      const listed = (await runtime.listContainers()).find((c) => c.id === id)
      const { createdAt, labels } = created
      expect(listed).toMatchObject({ sandboxId, name: 'main', attempt: 0, state: 'running', createdAt, labels })
      const started = await runtime.containerStatus(id)
      expect(started).toMatchObject({ state: 'running', sandboxId, finishedAt: 0 })
      expect(started.startedAt).toBeGreaterThan(0)
      expect((await runtime.containerStats()).map((s) => s.id)).toContain(id)
      await runtime.stopContainer(id, 5)
      expect((await runtime.listContainers()).find((c) => c.id === id)?.state).toBe('exited')
      const exited = await runtime.containerStatus(id)
      expect(exited.state).toBe('exited')
      expect(exited.finishedAt).toBeGreaterThan(0)
      await runtime.removeContainer(id)
      expect((await runtime.listContainers()).map((c) => c.id)).not.toContain(id)
      await removed(sandboxId)
    })

    it('lists what is of one pod alone', async () => {
      const [one, other] = [await running(), await running()]
      const { uid } = one.sandbox.pod
      expect((await runtime.listSandboxes(uid)).map((s) => s.id)).toEqual([one.sandboxId])
      expect((await runtime.listContainers(uid)).map((c) => c.id)).toEqual([one.id])
      expect(await runtime.listSandboxes('missing')).toEqual([])
      expect(await runtime.listContainers('missing')).toEqual([])
      expect((await runtime.listContainers()).map((c) => c.id)).toEqual(expect.arrayContaining([one.id, other.id]))
      await Promise.all([removed(one.sandboxId), removed(other.sandboxId)])
    })

    it('kills and removes the containers of a sandbox with it', async () => {
      const { sandboxId, id } = await running()
      await removed(sandboxId)
      expect((await runtime.listContainers()).map((c) => c.id)).not.toContain(id)
    })

    it('tells what happens without being asked for, and to which pod', async () => {
      const events = watchEvents(runtime)
      await events.until((e) => e.type === 'connected')
      const { sandbox, sandboxId, id } = await running()
      const podUid = sandbox.pod.uid
      await runtime.stopContainer(id, 5)
      expect(await events.until((e) => e.type === 'exited' && e.containerId === id)).toMatchObject({ podUid })
      await removed(sandboxId)
      expect(await events.until((e) => e.type === 'removed' && e.containerId === id)).toMatchObject({ podUid })
      await events.stop()
    })

    it('fails with NOT_FOUND on a container that is not there', async () => {
      await expect(runtime.containerStatus('missing')).rejects.toMatchObject({
        name: 'RuntimeError',
        code: 'NOT_FOUND',
      })
      await expect(runtime.startContainer('missing')).rejects.toMatchObject({ code: 'NOT_FOUND' })
    })

    it('stops and removes what is gone without complaint', async () => {
      await runtime.stopSandbox('missing')
      await runtime.removeSandbox('missing')
      await runtime.stopContainer('missing', 1)
      await runtime.removeContainer('missing')
    })

    it('knows its images', async () => {
      const image = await runtime.imageStatus(fixture.image)
      expect(image?.id).not.toBe('')
      expect((await runtime.listImages()).map((i) => i.id)).toContain(image?.id)
      expect((await runtime.imageFilesystem()).mountpoint).not.toBe('')
    })
  })
}
