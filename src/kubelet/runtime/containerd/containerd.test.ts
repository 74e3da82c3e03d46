import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { readTar } from '../../../machinery/tar.ts'
import { cniConfigList, removeCniNetwork, writeCniConfig } from './cni-config.ts'
import { renderContainerdConfig } from './containerd-config.ts'
import { shimsOf } from './delete-containerd.ts'
import { mountsUnder, withDescendants } from './host.ts'
import { buildImageArchive, buildPauseImage, PAUSE_IMAGE } from './image-archive.ts'

describe('containerd configuration', () => {
  const config = renderContainerdConfig({
    rootDir: '/data/root',
    stateDir: '/run/state',
    socketPath: '/run/c.sock',
    sandboxImage: PAUSE_IMAGE,
    cniConfDir: '/data/cni',
    cniBinDir: '/usr/lib/cni',
    registryHostsDir: '/data/certs.d',
    snapshotter: 'native',
    restrictOomScoreAdj: true,
    maxContainerLogLineSize: 16_384,
  })

  it.each([
    'version = 2',
    'root = "/data/root"',
    'address = "/run/c.sock"',
    'restrict_oom_score_adj = true',
    'snapshotter = "native"',
    'SystemdCgroup = false',
    'config_path = "/data/certs.d"',
    'stream_server_port = "0"',
    'Root = "/run/state/runc"',
  ])('says %s', (line) => {
    expect(config.split('\n')).toContain(line)
  })
})

describe('CNI configuration', () => {
  const base = { networkName: 'pods', bridge: 'br0', podCidr: '10.1.2.0/24' }

  it('is a bridge with host-local addresses and no masquerading', () => {
    expect(cniConfigList({ ...base, confDir: '/c', ipamDir: '/i', mtu: 1450 })).toMatchObject({
      name: 'pods',
      plugins: [
        {
          type: 'bridge',
          bridge: 'br0',
          isGateway: true,
          ipMasq: false,
          hairpinMode: true,
          promiscMode: false,
          mtu: 1450,
          ipam: { type: 'host-local', dataDir: '/i', ranges: [[{ subnet: '10.1.2.0/24' }]] },
        },
      ],
    })
  })

  it('is written whole and removed again', async () => {
    const dir = await mkdtemp(join(tmpdir(), 'cni-'))
    const config = { ...base, confDir: join(dir, 'conf'), ipamDir: join(dir, 'ipam') }
    await writeCniConfig(config)
    await writeCniConfig({ ...config, podCidr: '10.1.3.0/24' })
    expect(await readdir(config.confDir)).toEqual(['10-pods.conflist'])
    expect(await readFile(join(config.confDir, '10-pods.conflist'), 'utf8')).toContain('10.1.3.0/24')
    const calls: string[] = []
    const exec = async (file: string, args: readonly string[]) => {
      calls.push([file, ...args].join(' '))
      return { code: 1, stdout: '', stderr: 'Cannot find device "br0"' }
    }
    await removeCniNetwork({ config, exec })
    expect(calls).toEqual(['ip link delete br0'])
    expect(await readdir(config.confDir)).toEqual([])
    await rm(dir, { recursive: true })
  })
})

describe('image archives', () => {
  it('are the same for the same input', () => {
    const program = Buffer.from('program')
    expect(buildPauseImage(program, 'x64').equals(buildPauseImage(program, 'x64'))).toBe(true)
  })

  it('name their image', async () => {
    const archive = buildImageArchive({ name: 'a.test/b:1', files: [], arch: 'arm64' })
    const files = new Map<string, string>()
    for await (const { path, content } of readTar(Readable.from([archive]))) {
      files.set(path, await text(content))
    }
    expect(files.get('index.json')).toContain('"io.containerd.image.name":"a.test/b:1"')
    expect(files.get('index.json')).toContain('"architecture":"arm64"')
  })
})

describe('what is taken away', () => {
  it('are the shims of this containerd only, with all below them', () => {
    const processes = [
      { pid: 10, parent: 1, args: ['/usr/bin/containerd-shim-runc-v2', '-namespace', 'k8s.io', '-address', '/a.sock'] },
      { pid: 11, parent: 10, args: ['/pause'] },
      { pid: 12, parent: 11, args: ['child'] },
      { pid: 20, parent: 1, args: ['/usr/bin/containerd-shim-runc-v2', '-address', '/b.sock'] },
      { pid: 30, parent: 1, args: ['vi', '-address', '/a.sock'] },
    ]
    expect(shimsOf('/a.sock', processes)).toEqual([10])
    expect(withDescendants([10], processes)).toEqual([10, 11, 12])
  })

  it('are the mounts under its directories, deepest and latest first', () => {
    const line = (path: string) => `1 2 0:1 / ${path} rw - tmpfs tmpfs rw`
    const paths = ['/run/x', '/run/x/a/b', '/run/xy', '/run/x/a', '/run/x/with\\040space', '/other']
    expect(mountsUnder(paths.map(line).join('\n'), ['/run/x'])).toEqual([
      '/run/x/a/b',
      '/run/x/with space',
      '/run/x/a',
      '/run/x',
    ])
  })
})
