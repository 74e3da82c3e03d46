// Services, host ports and names on containerd: from this machine, from its address, and from inside pods.

import { createSocket } from 'node:dgram'
import { get } from 'node:http'
import { createServer } from 'node:net'
import { type Answer, type DecodedPacket, decode, encode, type RecordType } from 'dns-packet'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { canRunContainers, startCluster, type TestCluster } from './support/cluster.ts'
import { BUSYBOX, CURL, loadBusybox, loadCurl } from './support/images.ts'
import { eventually } from './support/wait.ts'

const REQUESTS = 30
/** What curl ends with when nobody listens. */
const REFUSED = 7
/** What curl ends with for names that do not exist. */
const UNKNOWN_HOST = 6

describe.skipIf(!canRunContainers)('the network', () => {
  let cluster: TestCluster
  let nodeIP = ''
  let dnsIP = ''
  let hostPort = 0

  const jsonpath = (path: string, ...what: string[]) => cluster.kubectl('get', ...what, '-o', `jsonpath={${path}}`)
  const apply = async (...items: object[]) => {
    const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
    const { code, stderr } = await cluster.tryKubectl(['apply', '-f', '-'], { input: list })
    if (code !== 0) throw new Error(stderr)
  }
  const template = (app: string, container: object, spec: object = {}) => ({
    metadata: { labels: { app } },
    spec: {
      terminationGracePeriodSeconds: 0,
      containers: [{ name: 'main', image: BUSYBOX, imagePullPolicy: 'IfNotPresent', ...container }],
      ...spec,
    },
  })
  /** A web server that tells its host's name. */
  const naming = {
    command: ['sh', '-c', 'mkdir /www; hostname > /www/index.html; exec httpd -f -p 8080 -h /www'],
    ports: [{ name: 'http', containerPort: 8080 }],
    readinessProbe: { tcpSocket: { port: 8080 }, periodSeconds: 1 },
  }
  const service = (name: string, spec: object) => ({ apiVersion: 'v1', kind: 'Service', metadata: { name }, spec })
  const workload = (kind: string, name: string, replicas: number, spec: object = {}) => ({
    apiVersion: 'apps/v1',
    kind,
    metadata: { name },
    spec: { replicas, selector: { matchLabels: { app: name } }, template: template(name, naming), ...spec },
  })
  const port = { name: 'http', port: 80, targetPort: 'http' }
  const curl = (...args: string[]) =>
    cluster.tryKubectl(['exec', 'client', '--', 'curl', '--silent', '--show-error', '--max-time', '10', ...args])
  const fromPod = async (url: string) => {
    const { code, stdout, stderr } = await curl(url)
    if (code !== 0) throw new Error(`curl ${url} gave ${code}: ${stderr}`)
    return stdout.trim()
  }
  /** The names that `REQUESTS` new connections out of a pod reach. */
  const reachedFromPod = async (host: string) => {
    // One curl for each request: connections are not to be used twice.
    const script = `i=0; while [ $i -lt ${REQUESTS} ]; do curl --silent --show-error --max-time 10 http://${host}/; i=$((i+1)); done`
    const text = await cluster.kubectl('exec', 'client', '--', 'sh', '-c', script)
    return text.trim().split('\n')
  }
  const reachedFromHere = async (host: string) => {
    const names: string[] = []
    for (let i = 0; i < REQUESTS; i++) names.push(await ask(`http://${host}/`))
    return names
  }
  const addressOf = (name: string) => jsonpath('.spec.clusterIP', 'service', name)
  const nodePortOf = (name: string) => jsonpath('.spec.ports[0].nodePort', 'service', name)
  const podsOf = async (app: string) =>
    (await jsonpath('.items[*].metadata.name', 'pods', '-l', `app=${app}`)).split(' ')

  beforeAll(async () => {
    cluster = await startCluster()
    await Promise.all([loadBusybox(cluster), loadCurl(cluster)])
    hostPort = await freePort()
    await apply(
      workload('Deployment', 'web', 3),
      service('web', { type: 'NodePort', selector: { app: 'web' }, ports: [port], externalIPs: ['203.0.113.10'] }),
      service('sticky', { selector: { app: 'web' }, sessionAffinity: 'ClientIP', ports: [port] }),
      service('nobody', { type: 'NodePort', selector: { app: 'nobody' }, ports: [port] }),
      service('elsewhere', { type: 'ExternalName', externalName: 'web.default.svc.cluster.local' }),
      workload('StatefulSet', 'db', 2, { serviceName: 'db', podManagementPolicy: 'Parallel' }),
      service('db', { clusterIP: 'None', selector: { app: 'db' }, ports: [{ name: 'http', port: 8080 }] }),
      workload('Deployment', 'single', 1, {
        template: template('single', naming, {
          containers: [
            { name: 'main', image: BUSYBOX, imagePullPolicy: 'IfNotPresent', ...naming },
            { name: 'curl', image: CURL, imagePullPolicy: 'IfNotPresent', command: ['sleep', '10000'] },
          ],
        }),
      }),
      service('single', { selector: { app: 'single' }, ports: [port] }),
      {
        apiVersion: 'v1',
        kind: 'Pod',
        ...template('published', { ...naming, ports: [{ name: 'http', containerPort: 8080, hostPort }] }),
        metadata: { name: 'published', labels: { app: 'published' } },
      },
      {
        apiVersion: 'v1',
        kind: 'Pod',
        ...template('client', { image: CURL, command: ['sleep', '10000'] }),
        metadata: { name: 'client' },
      },
    )
    await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=60s')
    await cluster.kubectl('rollout', 'status', 'deployment/single', '--timeout=60s')
    await cluster.kubectl('rollout', 'status', 'statefulset/db', '--timeout=60s')
    await cluster.kubectl('wait', 'pod/client', 'pod/published', '--for=condition=Ready', '--timeout=60s')
    nodeIP = await jsonpath('.items[0].status.addresses[?(@.type=="InternalIP")].address', 'nodes')
    dnsIP = await jsonpath('.spec.clusterIP', 'service', '-n', 'kube-system', 'kube-dns')
    const webAddress = await addressOf('web')
    await eventually('the service', () => ask(`http://${webAddress}/`))
  })
  afterAll(() => cluster?.remove())

  it('shares connections to a cluster IP among all ready pods', async () => {
    const pods = new Set(await podsOf('web'))
    expect(pods.size).toBe(3)
    expect(new Set(await reachedFromHere(await addressOf('web')))).toEqual(pods)
    expect(new Set(await reachedFromPod(await addressOf('web')))).toEqual(pods)
  })

  it('serves node ports at localhost, at the address of the node, and to pods', async () => {
    const nodePort = await nodePortOf('web')
    const pods = new Set(await podsOf('web'))
    expect(new Set(await reachedFromHere(`localhost:${nodePort}`))).toEqual(pods)
    expect(new Set(await reachedFromHere(`${nodeIP}:${nodePort}`))).toEqual(pods)
    expect(new Set(await reachedFromPod(`${nodeIP}:${nodePort}`))).toEqual(pods)
  })

  it('lets a pod reach itself through its service', async () => {
    const [name = ''] = await podsOf('single')
    const inside = ['exec', name, '-c', 'curl', '--', 'curl', '--silent', '--show-error', '--max-time', '10']
    // One pod takes all connections, so each of these goes back to where it came from.
    for (const host of ['single', await addressOf('single')]) {
      expect((await cluster.kubectl(...inside, `http://${host}/`)).trim()).toBe(name)
    }
  })

  it('keeps a client at one pod when asked to', async () => {
    expect(new Set(await reachedFromPod('sticky')).size).toBe(1)
    expect(new Set(await reachedFromHere(await addressOf('sticky'))).size).toBe(1)
  })

  it('refuses connections to services without endpoints', async () => {
    const address = await addressOf('nobody')
    const nodePort = await nodePortOf('nobody')
    for (const url of [`http://${address}/`, `http://${nodeIP}:${nodePort}/`]) {
      expect(await curl(url)).toMatchObject({ code: REFUSED })
      await expect(ask(url)).rejects.toThrow('ECONNREFUSED')
    }
    await expect(ask(`http://localhost:${nodePort}/`)).rejects.toThrow('ECONNREFUSED')
  })

  it('serves external addresses', async () => {
    const pods = await podsOf('web')
    expect(pods).toContain(await fromPod('http://203.0.113.10/'))
    expect(pods).toContain(await ask('http://203.0.113.10/'))
  })

  it('publishes host ports', async () => {
    expect(await ask(`http://localhost:${hostPort}/`)).toBe('published')
    expect(await ask(`http://${nodeIP}:${hostPort}/`)).toBe('published')
    expect(await fromPod(`http://${nodeIP}:${hostPort}/`)).toBe('published')
  })

  it('finds services and stateful pods by name from inside a pod', async () => {
    const pods = await podsOf('web')
    for (const name of ['web', 'web.default', 'web.default.svc', 'web.default.svc.cluster.local', 'elsewhere']) {
      expect(pods).toContain(await fromPod(`http://${name}/`))
    }
    for (const pod of ['db-0', 'db-1']) {
      expect(await fromPod(`http://${pod}.db:8080/`)).toBe(pod)
      expect(await fromPod(`http://${pod}.db.default.svc.cluster.local:8080/`)).toBe(pod)
    }
    expect(await curl('http://unknown.default.svc.cluster.local/')).toMatchObject({ code: UNKNOWN_HOST })
    expect(await curl('http://db-7.db.default.svc.cluster.local/')).toMatchObject({ code: UNKNOWN_HOST })
    const resolver = await cluster.kubectl('exec', (await podsOf('single'))[0] ?? '', '--', 'cat', '/etc/resolv.conf')
    expect(resolver).toContain(`nameserver ${dnsIP}\n`)
    expect(resolver).toContain('search default.svc.cluster.local svc.cluster.local cluster.local')
    expect(resolver).toContain('options ndots:5')
  })

  it('answers questions for all kinds of records', async () => {
    const query = (name: string, type: RecordType) => askDns(dnsIP, name, type)
    const data = (packet: DecodedPacket) =>
      (packet.answers ?? []).map((answer: Answer) => ('data' in answer ? answer.data : undefined))
    const podIP = (name: string) => jsonpath('.status.podIP', 'pod', name)
    const address = await addressOf('web')
    expect(data(await query('web.default.svc.cluster.local', 'A'))).toEqual([address])
    expect(data(await query('WEB.default.svc.Cluster.Local', 'A'))).toEqual([address])
    const none = await query('web.default.svc.cluster.local', 'AAAA')
    expect([none.rcode, none.answers]).toEqual(['NOERROR', []])

    const stateful = [await podIP('db-0'), await podIP('db-1')]
    expect(new Set(data(await query('db.default.svc.cluster.local', 'A')))).toEqual(new Set(stateful))
    expect(data(await query('db-1.db.default.svc.cluster.local', 'A'))).toEqual([stateful[1]])

    expect(data(await query('_http._tcp.web.default.svc.cluster.local', 'SRV'))).toEqual([
      expect.objectContaining({ port: 80, target: 'web.default.svc.cluster.local' }),
    ])
    const targets = data(await query('_http._tcp.db.default.svc.cluster.local', 'SRV'))
    expect(new Set(targets)).toEqual(
      new Set(
        ['db-0', 'db-1'].map((name) =>
          expect.objectContaining({ port: 8080, target: `${name}.db.default.svc.cluster.local` }),
        ),
      ),
    )

    expect(data(await query(reverse(address), 'PTR'))).toEqual(['web.default.svc.cluster.local'])
    expect(data(await query(reverse(stateful[0] ?? ''), 'PTR'))).toEqual(['db-0.db.default.svc.cluster.local'])
    expect(data(await query('elsewhere.default.svc.cluster.local', 'CNAME'))).toEqual(['web.default.svc.cluster.local'])
    expect(data(await query('elsewhere.default.svc.cluster.local', 'A'))).toEqual([
      'web.default.svc.cluster.local',
      address,
    ])
    expect(data(await query('kubernetes.default.svc.cluster.local', 'A'))).toEqual([await addressOf('kubernetes')])
    for (const name of [
      'unknown.default.svc.cluster.local',
      'web.unknown.svc.cluster.local',
      'unknown.cluster.local',
    ]) {
      expect((await query(name, 'A')).rcode).toBe('NXDOMAIN')
    }
    // Nobody outside knows it either, or nobody outside answers.
    expect((await query('name.invalid', 'A')).rcode).toMatch(/^(NXDOMAIN|SERVFAIL)$/)
  })

  it('lets pods speak to the API by name with their token', async () => {
    const directory = '/var/run/secrets/kubernetes.io/serviceaccount'
    const script = [
      `curl --silent --show-error --max-time 10 --cacert ${directory}/ca.crt`,
      `--header "Authorization: Bearer $(while read -r token || [ -n "$token" ]; do echo "$token"; done < ${directory}/token)"`,
      'https://kubernetes.default.svc/api/v1/namespaces/default/pods?limit=1',
    ].join(' ')
    const answer = async () => JSON.parse(await cluster.kubectl('exec', 'client', '--', 'sh', '-c', script))
    expect(await answer()).toMatchObject({
      kind: 'Status',
      reason: 'Forbidden',
      message: expect.stringContaining('User "system:serviceaccount:default:default" cannot list resource "pods"'),
    })
    await cluster.kubectl('create', 'rolebinding', 'v', '--clusterrole=view', '--serviceaccount=default:default')
    expect(await answer()).toMatchObject({ kind: 'PodList', items: [expect.anything()] })
  })

  it('follows pods that go and come', async () => {
    const address = await addressOf('web')
    await cluster.kubectl('scale', 'deployment', 'web', '--replicas=0')
    await eventually('the refusal', async () =>
      (await curl(`http://${address}/`)).code === REFUSED ? true : undefined,
    )
    await cluster.kubectl('scale', 'deployment', 'web', '--replicas=2')
    await cluster.kubectl('rollout', 'status', 'deployment/web', '--timeout=60s')
    const pods = new Set(await podsOf('web'))
    await eventually('the new pods', async () => {
      const reached = new Set(await reachedFromPod('web'))
      return reached.size === pods.size && [...reached].every((name) => pods.has(name)) ? true : undefined
    })
  })
})

/** The body of an answer over a connection of its own. */
function ask(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = get(url, { agent: false, family: 4, timeout: 10_000 }, (answer) => {
      let body = ''
      answer.on('data', (chunk: Buffer) => {
        body += chunk.toString()
      })
      answer.on('end', () => resolve(body.trim()))
      answer.on('error', reject)
    })
    outgoing.on('timeout', () => outgoing.destroy(new Error(`${url} did not answer`)))
    outgoing.on('error', reject)
  })
}

let queries = 0

/** Asks a name server over UDP. */
function askDns(server: string, name: string, type: RecordType): Promise<DecodedPacket & { rcode: string }> {
  return new Promise((resolve, reject) => {
    const id = ++queries
    const socket = createSocket('udp4')
    const timer = setTimeout(() => {
      socket.close()
      reject(new Error(`no answer for ${type} ${name}`))
    }, 15_000)
    socket.on('error', reject)
    socket.on('message', (message) => {
      const packet = decode(message) as DecodedPacket & { rcode: string }
      if (packet.id !== id) return
      clearTimeout(timer)
      socket.close()
      resolve(packet)
    })
    socket.send(encode({ type: 'query', id, flags: 0x100, questions: [{ type, name }] }), 53, server)
  })
}

function reverse(ip: string): string {
  return `${ip.split('.').reverse().join('.')}.in-addr.arpa`
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.on('error', reject)
    server.listen(0, () => {
      const address = server.address()
      server.close(() =>
        address && typeof address === 'object' ? resolve(address.port) : reject(new Error('no port')),
      )
    })
  })
}
