// The cluster as a whole: up, down, delete, crashes.

import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { open, send, type Target } from '../../bench/load.ts'
import { canRunContainers, run, startCluster, type TestCluster } from './support/cluster.ts'

let cluster: TestCluster | undefined
afterEach(async () => {
  await cluster?.remove()
  cluster = undefined
})

const targetOf = (c: TestCluster): Target => ({
  url: `https://127.0.0.1:${c.config().apiPort}`,
  ca: c.pki('ca.crt'),
  cert: c.pki('admin.crt'),
  key: c.pki('admin.key'),
})

/** What carries the cluster's name on this machine. */
async function traces(name: string): Promise<string[]> {
  const found: string[] = []
  for (const file of [`/var/lib/sampan/${name}`, `/run/sampan/${name}`]) if (existsSync(file)) found.push(file)
  if (readFileSync('/proc/mounts', 'utf8').includes(name)) found.push('mounts')
  const { stdout: links } = await run('ip', ['-o', 'link'])
  if (links.includes(`sp-${name}`)) found.push('bridge')
  const { stdout: tables } = await run('nft', ['list', 'tables'])
  if (tables.includes(name.replace(/-/g, '_'))) found.push('nftables table')
  for (const hierarchy of readdirSync('/sys/fs/cgroup')) {
    if (existsSync(`/sys/fs/cgroup/${hierarchy}/sampan-${name}`)) found.push(`cgroup ${hierarchy}`)
  }
  for (const pid of readdirSync('/proc').filter((p) => /^\d+$/.test(p))) {
    const command = existsSync(`/proc/${pid}/cmdline`) ? readFileSync(`/proc/${pid}/cmdline`, 'utf8') : ''
    if (command.includes(`/sampan/${name}`) || command.includes(`--name\0${name}\0`))
      found.push(`process ${command.replaceAll('\0', ' ')}`)
  }
  return found
}

describe('the sampan command', () => {
  it.skipIf(!canRunContainers)('starts, stops, brings back and removes a cluster without a trace', async () => {
    cluster = await startCluster()
    const { name } = cluster
    writeFileSync(
      cluster.kubeconfig,
      readFileSync(cluster.kubeconfig, 'utf8').replace('preferences: {}', 'preferences: {}\nextensions: []'),
    )
    expect(await cluster.kubectl('config', 'current-context')).toBe(`${name}\n`)
    await cluster.kubectl('create', 'configmap', 'kept', '--from-literal=a=1')

    const again = await cluster.sampan('up')
    expect(again).toMatchObject({ code: 0 })
    expect(again.stdout).toContain('is running')

    const status = JSON.parse((await cluster.sampan('status', '-o', 'json')).stdout)
    expect(status).toMatchObject({ name, state: 'running', health: 'ok', nodes: [{ ready: true }] })
    expect(status.processes.map((p: { role: string }) => p.role)).toEqual(['server', 'containerd'])

    expect((await cluster.sampan('down')).code).toBe(0)
    expect((await cluster.sampan('status')).stdout).toContain('state     stopped')
    expect(await cluster.kubectl('config', 'current-context')).toBe(`${name}\n`)

    expect((await cluster.sampan('up')).code).toBe(0)
    expect(await cluster.kubectl('get', 'configmap', 'kept', '-o', 'jsonpath={.data.a}')).toBe('1')

    expect((await cluster.sampan('delete')).code).toBe(0)
    expect((await cluster.tryKubectl(['config', 'get-contexts', '-o', 'name'])).stdout).not.toContain(name)
    expect(await traces(name)).toEqual([])
  })

  it('keeps two clusters apart on one machine', async () => {
    cluster = await startCluster({ runtime: 'simulated' })
    const other = await startCluster({ runtime: 'simulated' })
    try {
      const [a, b] = [cluster.config(), other.config()]
      expect(a.apiPort).not.toBe(b.apiPort)
      expect(a.podCidr).not.toBe(b.podCidr)
      expect(a.serviceCidr).not.toBe(b.serviceCidr)
      expect(a.nodePorts).not.toEqual(b.nodePorts)
      await cluster.kubectl('create', 'configmap', 'here')
      expect((await other.tryKubectl(['get', 'configmap', 'here'])).stderr).toContain('not found')
    } finally {
      await other.remove()
    }
  })

  it('explains wrong use', async () => {
    cluster = await startCluster({ runtime: 'simulated' })
    expect(await cluster.sampan('up', '--nonsense')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('unknown flag: --nonsense'),
    })
    expect(await cluster.sampan('completion', 'bash')).toMatchObject({ code: 1 })
  })
})

describe('a server that is killed', () => {
  it('has every acknowledged write after each of 20 kills, and none twice', { timeout: 300_000 }, async () => {
    const own = await startCluster({ runtime: 'simulated' })
    cluster = own
    const target = targetOf(own)
    const acknowledged = new Set<string>()
    let writing = true
    const writers = Array.from({ length: 8 }, async (_, writer) => {
      for (let n = 0; writing; ) {
        try {
          const session = await open(target)
          try {
            while (writing) {
              const name = `w${writer}-${n}`
              n += 1
              await send(session, {
                method: 'POST',
                path: '/api/v1/namespaces/default/configmaps',
                body: JSON.stringify({ metadata: { name } }),
              })
              acknowledged.add(name)
            }
          } finally {
            session.destroy()
          }
        } catch {
          // The server is down: this write was not acknowledged, go on with the next name once it is back.
          await new Promise((resolve) => setTimeout(resolve, 20))
        }
      }
    })
    for (let kill = 0; kill < 20; kill++) {
      const before = acknowledged.size
      await waitFor(() => acknowledged.size > before + 50)
      process.kill(await own.serverPid(), 'SIGKILL')
      expect((await own.sampan('up')).code).toBe(0)
    }
    writing = false
    await Promise.all(writers)
    const session = await open(target)
    const list = JSON.parse(
      (await send(session, { method: 'GET', path: '/api/v1/namespaces/default/configmaps' })).toString(),
    ) as {
      items: { metadata: { name: string; uid: string } }[]
    }
    session.destroy()
    const names = list.items.map((i) => i.metadata.name)
    expect(new Set(names).size).toBe(names.length)
    expect(new Set(list.items.map((i) => i.metadata.uid)).size).toBe(names.length)
    expect([...acknowledged].filter((name) => !names.includes(name))).toEqual([])
    expect(acknowledged.size).toBeGreaterThan(1000)
  })
})

async function waitFor(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 30_000
  while (!condition()) {
    if (Date.now() > deadline) throw new Error('the writers do not get on')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
