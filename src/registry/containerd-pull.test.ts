import { createHash } from 'node:crypto'
import { access, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { deleteContainerd } from '../kubelet/runtime/containerd/delete-containerd.ts'
import { type ContainerdOptions, startContainerd } from '../kubelet/runtime/containerd/start-containerd.ts'
import { createCriRuntime } from '../kubelet/runtime/cri/cri-runtime.ts'
import type { Runtime } from '../kubelet/runtime/runtime.ts'
import { systemClock } from '../machinery/clock.ts'
import { silentLogger } from '../machinery/logger.ts'
import { systemRandom } from '../machinery/random.ts'
import { MediaType } from './manifest.ts'
import { parseReference, repositoryOf } from './reference.ts'
import { listenRegistry, type Registry, type RegistryListener } from './registry.ts'
import { writeRegistryHosts } from './registry-hosts.ts'

const missing = await whatIsMissing()
if (missing !== '') console.warn(`SKIPPED: pulling through containerd is not tested here: ${missing}`)

async function whatIsMissing(): Promise<string> {
  if (process.getuid?.() !== 0) return 'not root'
  for (const path of ['/usr/bin/containerd', '/usr/lib/cni/bridge']) {
    const there = await access(path).then(
      () => true,
      () => false,
    )
    if (!there) return `no ${path}`
  }
  return ''
}

async function* once(content: string) {
  yield Buffer.from(content)
}

describe.skipIf(missing !== '')('containerd', () => {
  let dir = ''
  let registry: Registry & RegistryListener
  let containerd: ContainerdOptions
  let runtime: Runtime
  const signal = new AbortController().signal

  async function put(name: string, text: string): Promise<void> {
    const { store } = registry
    const reference = parseReference(name)
    // An empty tar archive, with something to tell it from others.
    const layer = await store.putBlob(once('\0'.repeat(1024)))
    const config = await store.putBlob(
      once(
        JSON.stringify({
          architecture: process.arch === 'x64' ? 'amd64' : process.arch,
          os: 'linux',
          config: { Labels: { text } },
          rootfs: { type: 'layers', diff_ids: [layer.digest] },
        }),
      ),
    )
    const manifest = {
      schemaVersion: 2,
      mediaType: MediaType.ociManifest,
      config: { mediaType: MediaType.ociConfig, ...config },
      layers: [{ mediaType: MediaType.ociLayer, ...layer }],
    }
    const content = Buffer.from(JSON.stringify(manifest))
    await store.putManifest({ repository: repositoryOf(reference), content, tag: reference.tag ?? 'latest' })
  }

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'pull-'))
    const options = { clock: systemClock, random: systemRandom, log: silentLogger }
    registry = await listenRegistry({ ...options, root: join(dir, 'registry'), host: '127.0.0.1', port: 0 })
    const registryHostsDir = join(dir, 'certs.d')
    await writeRegistryHosts({ dir: registryHostsDir, endpoint: registry.endpoint, random: systemRandom })
    containerd = {
      name: 'pull',
      stateDir: `${dir}/state`,
      rootDir: `${dir}/root`,
      socketPath: `${dir}/c.sock`,
      configPath: `${dir}/config.toml`,
      pidPath: `${dir}/pid`,
      logPath: `${dir}/log`,
      cniConfDir: `${dir}/cni`,
      cniBinDirs: ['/opt/cni/bin', '/usr/lib/cni'],
      registryHostsDir,
      env: process.env,
      clock: systemClock,
      log: silentLogger,
      signal,
    }
    const { endpoint } = await startContainerd(containerd)
    const cni = { confDir: `${dir}/cni`, networkName: 'pull', bridge: 'pull0', ipamDir: `${dir}/ipam` }
    runtime = await createCriRuntime({ endpoint, clock: systemClock, log: silentLogger, cni })
  }, 60_000)

  afterAll(async () => {
    await runtime?.close()
    if (containerd !== undefined) await deleteContainerd(containerd)
    await registry.close()
    await rm(dir, { recursive: true })
  }, 60_000)

  it.each(['redis', 'redis:7', 'kubeguide/redis-master', 'gcr.io/x/y:1', 'registry.example:5000/z', 'localhost:1/own'])(
    'pulls %s, and again when the tag has moved',
    async (name) => {
      await put(name, 'first')
      const first = await runtime.pullImage(name)
      await put(name, 'second')
      const second = await runtime.pullImage(name)
      expect(second).not.toBe(first)
      expect((await runtime.imageStatus(name))?.id).toBe(second)
    },
  )

  it('pulls what was pushed without a host, and by digest', async () => {
    const { store } = registry
    await put('pushed/app:1', 'plain')
    const manifest = await store.manifest('docker.io/pushed/app', '1')
    const content = manifest?.content ?? Buffer.alloc(0)
    await store.putManifest({ repository: 'plain/app', content, tag: '1' })
    await runtime.pullImage('plain/app:1')
    const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`
    await runtime.pullImage(`pushed/app@${digest}`)
    expect((await runtime.imageStatus(`pushed/app@${digest}`))?.repoDigests).toContain(`docker.io/pushed/app@${digest}`)
  })

  it('says quickly what it cannot find anywhere', async () => {
    const started = performance.now()
    // The reserved top-level domain that never resolves; the error is that of the image's own host.
    await expect(runtime.pullImage('absent.invalid/no/such:1')).rejects.toThrow(
      /absent\.invalid.*(no such host|lookup)/,
    )
    expect(performance.now() - started).toBeLessThan(15_000)
  })
})
