// The guestbook, as a user sees it: npm start's cluster and example, in a browser, through crashes.

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { canRunContainers, run, startCluster, type TestCluster } from './support/cluster.ts'
import { eventually } from './support/wait.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))

describe.skipIf(!canRunContainers)('the guestbook', () => {
  let cluster: TestCluster
  let port: number
  beforeAll(async () => {
    cluster = await startCluster()
    const { code, stdout, stderr } = await run(process.execPath, [
      join(root, 'dist/guestbook.cjs'),
      '--name',
      cluster.name,
    ])
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    port = Number(/localhost:(\d+)/.exec(stdout)?.[1])
  })
  afterAll(() => cluster?.remove())

  const ask = async (query: string) => (await fetch(`http://localhost:${port}/index.php?${query}`)).text()

  it('answers the requests of the old texts, writes to the master, reads from a replica', async () => {
    expect(await ask('cmd=set&key=messages&value=jay_sais_hi')).toBe('{"message": "Updated"}')
    await eventually('the message on a replica', async () =>
      (await ask('cmd=get&key=messages')) === '{"data": "jay_sais_hi"}' ? true : undefined,
    )
    const replicas = (await cluster.kubectl('get', 'pods', '-l', 'role=slave', '-o', 'name')).trim().split('\n')
    expect(replicas).toHaveLength(2)
    for (const replica of replicas) {
      const info = await cluster.kubectl('exec', replica, '--', 'redis-cli', 'info', 'replication')
      expect(info).toContain('role:slave')
      expect(info).toContain('master_link_status:up')
      expect(await cluster.kubectl('exec', replica, '--', 'env')).toMatch(/REDIS_MASTER_SERVICE_HOST=10\./)
    }
  })

  it('shows the same messages through every frontend', async () => {
    const pods = JSON.parse(await cluster.kubectl('get', 'pods', '-l', 'tier=frontend', '-o', 'json')) as {
      items: { status: { podIP: string } }[]
    }
    const addresses = pods.items.map((p) => p.status.podIP)
    expect(addresses).toHaveLength(3)
    const at = async (ip: string, query: string) => (await fetch(`http://${ip}/index.php?${query}`)).text()
    await at(addresses[0] ?? '', 'cmd=set&key=shared&value=one_for_all')
    for (const address of addresses) {
      await eventually('the message', async () =>
        (await at(address, 'cmd=get&key=shared')) === '{"data": "one_for_all"}' ? true : undefined,
      )
    }
  })

  it('lists and adds messages in a browser without a reload, and says who served it', async () => {
    const browser = await chromium.launch({
      executablePath: '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
      ],
    })
    try {
      const page = await browser.newPage()
      await page.goto(`http://localhost:${port}/`)
      const text = `hello from a browser ${Date.now()}`
      await page.getByRole('textbox').first().fill(text)
      await page.getByRole('textbox').first().press('Enter')
      await page.getByText(text).waitFor({ timeout: 15_000 })
      expect(await page.textContent('body')).toMatch(/frontend-/)
    } finally {
      await browser.close()
    }
  })

  it('restarts a redis whose process is killed, and counts it', async () => {
    const name = (
      await cluster.kubectl('get', 'pods', '-l', 'role=slave', '-o', 'jsonpath={.items[0].metadata.name}')
    ).trim()
    const id = (
      await cluster.kubectl('get', 'pod', name, '-o', 'jsonpath={.status.containerStatuses[0].containerID}')
    ).replace('containerd://', '')
    process.kill(pidOf(id), 'SIGKILL')
    await eventually('the restart', async () => {
      const line = await cluster.kubectl('get', 'pod', name, '--no-headers')
      return /1\/1 +Running +1/.test(line) ? true : undefined
    })
    await eventually('the message after the restart', async () =>
      (await ask('cmd=get&key=messages')).includes('jay_sais_hi') ? true : undefined,
    )
  })

  it('brings a new pod for a deleted one, and scales', async () => {
    const before = (await cluster.kubectl('get', 'pods', '-l', 'tier=frontend', '-o', 'name')).trim().split('\n')
    await cluster.kubectl('delete', before[0] ?? '', '--now')
    await cluster.kubectl('rollout', 'status', 'deployment/frontend', '--timeout=60s')
    const after = (await cluster.kubectl('get', 'pods', '-l', 'tier=frontend', '-o', 'name')).trim().split('\n')
    expect(after).toHaveLength(3)
    expect(after).not.toContain(before[0])
    await cluster.kubectl('scale', 'deployment', 'frontend', '--replicas=5')
    await cluster.kubectl('rollout', 'status', 'deployment/frontend', '--timeout=60s')
    expect(await cluster.kubectl('get', 'deployment', 'frontend', '-o', 'jsonpath={.status.readyReplicas}')).toBe('5')
  })

  it('keeps serving while the server process is dead, and loses nothing', async () => {
    const pods = await cluster.kubectl(
      'get',
      'pods',
      '-o',
      'jsonpath={range .items[*]}{.metadata.name}={.status.containerStatuses[0].containerID} {.status.containerStatuses[0].restartCount}{"\\n"}{end}',
    )
    process.kill(await cluster.serverPid(), 'SIGKILL')
    for (let i = 0; i < 10; i++) expect(await ask('cmd=get&key=messages')).toContain('jay_sais_hi')
    expect((await cluster.sampan('up')).code).toBe(0)
    await cluster.kubectl('wait', 'deployment/frontend', '--for=condition=Available', '--timeout=30s')
    const again = await cluster.kubectl(
      'get',
      'pods',
      '-o',
      'jsonpath={range .items[*]}{.metadata.name}={.status.containerStatuses[0].containerID} {.status.containerStatuses[0].restartCount}{"\\n"}{end}',
    )
    expect(again).toBe(pods)
  })

  it('has its messages back after down and up', async () => {
    expect((await cluster.sampan('down')).code).toBe(0)
    await expect(ask('cmd=get&key=messages')).rejects.toThrow()
    expect((await cluster.sampan('up')).code).toBe(0)
    await eventually(
      'the message',
      async () => ((await ask('cmd=get&key=messages')).includes('jay_sais_hi') ? true : undefined),
      60_000,
    )
  })

  it('runs from replication controllers too', async () => {
    await cluster.kubectl('delete', 'deployments,services', '-l', 'app in (redis,guestbook)')
    await cluster.kubectl('delete', 'deployment', '--all')
    const directory = join(root, 'examples/guestbook/replication-controllers')
    const files = readdirSync(directory).sort((a, b) => Number(b.includes('service')) - Number(a.includes('service')))
    for (const file of files) {
      // This cluster's node ports are not those of the file when another cluster has them.
      const text = readFileSync(join(directory, file), 'utf8').replace(/nodePort: 30001/, `nodePort: ${port}`)
      const { code, stderr } = await cluster.tryKubectl(['create', '-f', '-'], { input: text })
      expect({ file, code, stderr }).toEqual({ file, code: 0, stderr: '' })
    }
    await eventually(
      'all controllers',
      async () => {
        const lines = (await cluster.kubectl('get', 'rc', '--no-headers'))
          .trim()
          .split('\n')
          .map((l) => l.split(/ +/))
        return lines.length === 3 && lines.every(([, desired, , ready]) => desired === ready) ? true : undefined
      },
      60_000,
    )
    expect(await ask('cmd=set&key=rc&value=works')).toBe('{"message": "Updated"}')
  })
})

/** The process of a container, by its cgroup. */
function pidOf(id: string): number {
  for (const pid of readdirSync('/proc').filter((p) => /^\d+$/.test(p))) {
    try {
      if (
        readFileSync(`/proc/${pid}/cgroup`, 'utf8').includes(id) &&
        readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes('redis')
      )
        return Number(pid)
    } catch {
      // The process has ended while we looked.
    }
  }
  throw new Error(`no redis process in container ${id}`)
}
