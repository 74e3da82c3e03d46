import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { cniConfigList, removeCniNetwork, writeCniConfig } from './cni-config.ts'
import { renderContainerdConfig } from './containerd-config.ts'
import { shimsOf } from './delete-containerd.ts'
import { mountsUnder, withDescendants } from './host.ts'
import { archiveNames, buildImageArchive, buildPauseImage, canonicalName, PAUSE_IMAGE } from './image-archive.ts'
import { TarScanner, writeTar } from './tar.ts'

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

describe('tar', () => {
  it('gives back the wanted files, however the stream is cut', () => {
    const archive = writeTar([
      { path: 'bin', directory: true },
      { path: './index.json', content: Buffer.from('{}') },
      { path: 'big', content: Buffer.alloc(5000, 'x') },
      { path: 'link', link: 'big' },
      { path: 'manifest.json', content: Buffer.alloc(1000, 'y') },
    ])
    for (const step of [1, 7, 512, 513, 100_000]) {
      const scanner = new TarScanner(['index.json', 'manifest.json', 'absent'])
      for (let at = 0; at < archive.length; at += step) scanner.feed(archive.subarray(at, at + step))
      expect([...scanner.files.keys()]).toEqual(['index.json', 'manifest.json'])
      expect(scanner.files.get('manifest.json')?.toString()).toBe('y'.repeat(1000))
    }
  })

  it('passes over files that are too large', () => {
    const scanner = new TarScanner(['index.json'], 10)
    scanner.feed(writeTar([{ path: 'index.json', content: Buffer.alloc(11) }]))
    expect(scanner.files.size).toBe(0)
  })
})

describe('image archives', () => {
  it('are the same for the same input', () => {
    const program = Buffer.from('program')
    expect(buildPauseImage(program, 'x64').equals(buildPauseImage(program, 'x64'))).toBe(true)
  })

  it('name their image', () => {
    const archive = buildImageArchive({ name: 'a.test/b:1', files: [], arch: 'arm64' })
    const scanner = new TarScanner(['index.json'])
    scanner.feed(archive)
    expect(archiveNames(scanner.files)).toEqual(['a.test/b:1'])
    expect(scanner.files.get('index.json')?.toString()).toContain('"architecture":"arm64"')
  })

  it('of docker give full names', () => {
    const manifest = JSON.stringify([{ RepoTags: ['redis:7', 'a/b:1'] }, { RepoTags: null }])
    const files = new Map([['manifest.json', Buffer.from(manifest)]])
    expect(archiveNames(files)).toEqual(['docker.io/library/redis:7', 'docker.io/a/b:1'])
  })

  it.each([
    ['redis:7', 'docker.io/library/redis:7'],
    ['me/app:1', 'docker.io/me/app:1'],
    ['localhost/app:1', 'localhost/app:1'],
    ['host:5000/app', 'host:5000/app'],
    ['gcr.io/x/y:1', 'gcr.io/x/y:1'],
  ])('%s is %s', (name, full) => {
    expect(canonicalName(name)).toBe(full)
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
