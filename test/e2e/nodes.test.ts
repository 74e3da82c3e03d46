// Two nodes on one machine, each in a network of its own, as two machines would be.

import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { get } from 'node:http'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { canRunContainers, startCluster, type TestCluster } from './support/cluster.ts'
import { BUSYBOX, CURL, loadBusybox, loadCurl } from './support/images.ts'
import { eventually } from './support/wait.ts'

const ATTEMPTS = 40
const BIG = 3_000_000

const fetchText = (url: string) =>
  new Promise<string>((resolve, reject) => {
    const request = get(url, { agent: false, timeout: 5000 }, (answer) => {
      let body = ''
      answer.setEncoding('utf8')
      answer.on('data', (chunk: string) => {
        body += chunk
      })
      answer.on('end', () => resolve(body.trim()))
    })
    request.on('timeout', () => request.destroy(new Error(`${url} timed out`)))
    request.on('error', reject)
  })

describe.skipIf(!canRunContainers)('two nodes', () => {
  let cluster: TestCluster
  let first = ''
  let second = ''

  const apply = async (...items: object[]) => {
    const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
    const { code, stderr } = await cluster.tryKubectl(['apply', '-f', '-'], { input })
    if (code !== 0) throw new Error(stderr)
  }
  const json = async (...what: string[]) => JSON.parse(await cluster.kubectl('get', ...what, '-o', 'json'))
  const jsonpath = (path: string, ...what: string[]) => cluster.kubectl('get', ...what, '-o', `jsonpath={${path}}`)
  const podOn = (name: string, nodeName: string, image: string, command: string[]) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { app: name } },
    spec: {
      nodeName,
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'main', image, imagePullPolicy: 'IfNotPresent', command }],
    },
  })
  const serve = `mkdir /www; hostname > /www/index.html; head -c ${BIG} /dev/zero > /www/big; exec httpd -f -p 8080 -h /www`
  const curl = async (pod: string, ...args: string[]) => {
    const command = ['exec', pod, '--', 'curl', '--silent', '--show-error', '--max-time', '10', ...args]
    const { code, stdout, stderr } = await cluster.tryKubectl(command)
    if (code !== 0) throw new Error(`curl ${args.join(' ')} gave ${code}: ${stderr}`)
    return stdout.trim()
  }
  const processOf = async (role: string, node: string) => {
    const { stdout } = await cluster.sampan('status', '-o', 'json')
    const { processes } = JSON.parse(stdout) as { processes: { role: string; node: string; pid: number }[] }
    return processes.find((p) => p.role === role && p.node === node)?.pid
  }
  const webNames = async () =>
    ((await json('pods', '-l', 'app=web')) as { items: { metadata: { name: string } }[] }).items.map(
      (p) => p.metadata.name,
    )

  beforeAll(async () => {
    cluster = await startCluster({ nodes: 2 })
    await Promise.all([loadBusybox(cluster), loadCurl(cluster)])
    const { items } = (await json('nodes')) as { items: { metadata: { name: string; labels: object } }[] }
    const names = items.map((n) => n.metadata.name)
    second = `${cluster.name}-2`
    first = names.find((name) => name !== second) ?? ''
    await apply(
      {
        apiVersion: 'apps/v1',
        kind: 'Deployment',
        metadata: { name: 'web' },
        spec: {
          replicas: 4,
          selector: { matchLabels: { app: 'web' } },
          template: {
            metadata: { labels: { app: 'web' } },
            spec: {
              terminationGracePeriodSeconds: 0,
              containers: [
                {
                  name: 'main',
                  image: BUSYBOX,
                  imagePullPolicy: 'IfNotPresent',
                  command: ['sh', '-c', serve],
                  readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
                },
              ],
            },
          },
        },
      },
      {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'web' },
        spec: { type: 'NodePort', selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] },
      },
      podOn('client-1', first, CURL, ['sleep', '100000']),
      podOn('client-2', second, CURL, ['sleep', '100000']),
    )
    await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=60s')
    await cluster.kubectl('wait', '--for=condition=Ready', 'pod/client-1', 'pod/client-2', '--timeout=30s')
  })
  afterAll(async () => {
    await cluster?.remove()
  })

  it('are both ready, with addresses and pod ranges of their own', async () => {
    const { items } = (await json('nodes')) as {
      items: { metadata: { name: string }; spec: { podCIDR: string }; status: { addresses: { address: string }[] } }[]
    }
    expect(items.map((n) => n.metadata.name).sort()).toEqual([first, second].sort())
    expect(new Set(items.map((n) => n.spec.podCIDR)).size).toBe(2)
    expect(new Set(items.map((n) => n.status.addresses[0]?.address)).size).toBe(2)
    expect(await cluster.kubectl('get', 'csr')).toMatch(/kubelet-serving .*Approved,Issued/)
  })

  it('share the pods of a deployment, whose image each gets from the registry of the cluster', async () => {
    const nodes = await jsonpath('.items[*].spec.nodeName', 'pods', '-l', 'app=web')
    expect(new Set(nodes.split(' '))).toEqual(new Set([first, second]))
  })

  it.each(['client-1', 'client-2'])('let %s reach every pod, by address, by service and by name', async (client) => {
    const ips = (await jsonpath('.items[*].status.podIP', 'pods', '-l', 'app=web')).split(' ')
    const names = new Set(await webNames())
    expect(new Set(await Promise.all(ips.map((ip) => curl(client, `http://${ip}:8080/`))))).toEqual(names)
    const reached = new Set<string>()
    for (let i = 0; i < ATTEMPTS && reached.size < names.size; i++) reached.add(await curl(client, 'http://web/'))
    expect(reached).toEqual(names)
    expect(await curl(client, '-k', 'https://kubernetes.default/version')).toContain('"major": "1"')
    // More than one packet, each as big as the way through the tunnel allows.
    for (const ip of ips) {
      expect(await curl(client, '-o', '/dev/null', '-w', '%{size_download}', `http://${ip}:8080/big`)).toBe(`${BIG}`)
    }
  })

  it('answer on their node ports with pods of both', async () => {
    const port = await jsonpath('.spec.ports[0].nodePort', 'service', 'web')
    const address = await jsonpath(`.items[?(@.metadata.name=="${second}")].status.addresses[0].address`, 'nodes')
    const names = new Set(await webNames())
    for (const host of ['127.0.0.1', address]) {
      const reached = new Set<string>()
      for (let i = 0; i < ATTEMPTS && reached.size < names.size; i++)
        reached.add(await fetchText(`http://${host}:${port}/`))
      expect(reached).toEqual(names)
    }
  })

  it('give logs and a command line of pods on the second one', async () => {
    expect(await cluster.kubectl('exec', 'client-2', '--', 'sh', '-c', 'echo $HOSTNAME')).toBe('client-2\n')
    await apply(podOn('talker', second, BUSYBOX, ['sh', '-c', 'echo hello from the second; sleep 100000']))
    await cluster.kubectl('wait', '--for=condition=Ready', 'pod/talker', '--timeout=30s')
    expect(await cluster.kubectl('logs', 'talker')).toBe('hello from the second\n')
    await cluster.kubectl('delete', 'pod', 'talker')
  })

  it("serve on when the second one's process is killed, and nothing is restarted when it comes back", async () => {
    const before = await webNames()
    const agent = await processOf('agent', second)
    if (agent === undefined) throw new Error('the agent is not running')
    process.kill(agent, 'SIGKILL')
    expect(before).toContain(await curl('client-1', 'http://web/'))
    const { code, stderr } = await cluster.sampan('up')
    expect(stderr).toBe('')
    expect(code).toBe(0)
    expect(await processOf('agent', second)).not.toBe(agent)
    await eventually('the command line of the second node', async () =>
      (await cluster.tryKubectl(['exec', 'client-2', '--', 'sh', '-c', 'true'])).code === 0 ? true : undefined,
    )
    expect(await webNames()).toEqual(before)
    expect(await jsonpath('.items[*].status.containerStatuses[0].restartCount', 'pods')).toMatch(/^0( 0)*$/)
  })

  it('come back with their pods after a stop', { timeout: 120_000 }, async () => {
    const before = await webNames()
    expect((await cluster.sampan('down')).code).toBe(0)
    expect((await cluster.sampan('up')).code).toBe(0)
    await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=60s')
    expect(await webNames()).toEqual(before)
    expect(before).toContain(await eventually('an answer', () => curl('client-2', 'http://web/')))
  })

  it('become one when the second is removed, and its pods are made anew', { timeout: 120_000 }, async () => {
    const { code, stderr } = await cluster.sampan('node', 'remove', second)
    expect(stderr).toBe('')
    expect(code).toBe(0)
    await eventually(
      'four pods on the first node',
      async () => {
        const { items } = (await json('pods', '-l', 'app=web', '--field-selector=status.phase=Running')) as {
          items: { spec: { nodeName: string } }[]
        }
        return items.length === 4 && items.every((p) => p.spec.nodeName === first) ? true : undefined
      },
      60_000,
    )
    expect(existsSync(`/var/lib/sampan/${second}`)).toBe(false)
    expect(existsSync('/run/netns') ? readdirSync('/run/netns') : []).not.toContain(`sampan-${second}`)
    const links = execFileSync('ip', ['-o', 'link'], { encoding: 'utf8' })
    expect(links).not.toContain(`spn-${cluster.name}`.slice(0, 15))
    await eventually('no route to it', () =>
      execFileSync('ip', ['route'], { encoding: 'utf8' }).includes(`dev spv-${cluster.name}`.slice(0, 19))
        ? undefined
        : true,
    )
  })

  it('join again under the same name', { timeout: 60_000 }, async () => {
    const { code, stderr } = await cluster.sampan('node', 'add')
    expect(stderr).toBe('')
    expect(code).toBe(0)
    await apply(podOn('again', second, CURL, ['sleep', '100000']))
    await cluster.kubectl('wait', '--for=condition=Ready', 'pod/again', '--timeout=30s')
    expect(await webNames()).toContain(await eventually('an answer', () => curl('again', 'http://web/')))
  })
})
