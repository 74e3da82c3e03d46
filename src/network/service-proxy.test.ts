// The proxy against a real kernel, on a machine of its own made of network namespaces. Needs root.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Service } from '../api/generated/core-v1.ts'
import type { Endpoint } from '../api/generated/discovery-v1.ts'
import { endpointslices, pods, services } from '../api/generated/resources.ts'
import { startTestApi, type TestApi } from '../apiserver/testing.ts'
import type { New } from '../client/client.ts'
import { InformerFactory } from '../client/informer.ts'
import { systemClock } from '../machinery/clock.ts'
import { jsonLogger } from '../machinery/logger.ts'
import type { Run } from './host.ts'
import { setUpPodNetwork, tearDownPodNetwork } from './pod-network.ts'
import { runServiceProxy } from './service-proxy.ts'
import { MACHINE_IP, OUTSIDE_IP, type TestMachine, testMachine } from './testing.ts'

const BRIDGE = 'br-test'
const OTHER_BRIDGE = 'br-other'
const TABLE = 'sampan_test'
const isRoot = process.getuid?.() === 0
if (!isRoot) console.warn('SKIPPED: the service proxy on a real kernel: not root')

const log = jsonLogger({ write: (line) => process.stderr.write(line), level: 'warn', now: Date.now })

describe.skipIf(!isRoot).each([{ bridgeNetfilter: 0 }, { bridgeNetfilter: 1 }])(
  'service proxy on a real kernel, br_netfilter $bridgeNetfilter',
  ({ bridgeNetfilter }) => {
    let machine: TestMachine
    let api: TestApi
    const stop = new AbortController()
    let proxy: Promise<void>
    let applied = 0
    let waiting: (() => void)[] = []

    /** Does something and waits until the rules that follow from it are in the kernel. */
    const andApplied = async (act: () => Promise<unknown>) => {
      const seen = applied
      await act()
      while (applied === seen) await new Promise<void>((resolve) => waiting.push(resolve))
    }

    const startProxy = (signal: AbortSignal) => {
      const informers = new InformerFactory({ client: api.client, clock: systemClock, log })
      informers.start(signal)
      const run = runServiceProxy({
        informers,
        nodeName: 'n1',
        podCidr: '10.244.0.0/16',
        bridge: BRIDGE,
        otherBridges: [OTHER_BRIDGE, 'br-t*'],
        table: TABLE,
        clock: systemClock,
        log,
        run: machine.run,
        signal,
        onApplied() {
          applied++
          for (const wake of waiting) wake()
          waiting = []
        },
      })
      return run
    }

    beforeAll(async () => {
      machine = await testMachine({ id: `${process.pid}-${bridgeNetfilter}`, env: process.env, bridge: BRIDGE })
      await machine.run('sysctl', ['-q', '-w', `net.bridge.bridge-nf-call-iptables=${bridgeNetfilter}`])
      const network = { bridge: BRIDGE, table: TABLE, gatewayCidr: '10.244.0.1/24', podCidr: '10.244.0.0/16' }
      await setUpPodNetwork({ ...network, serviceCidr: '10.96.0.0/16', run: machine.run })
      await setUpPodNetwork({ ...network, serviceCidr: '10.96.0.0/16', run: machine.run })
      await machine.addPod('a', '10.244.0.5', 8080)
      await machine.addPod('b', '10.244.0.6', 8080)
      api = await startTestApi()
      await andApplied(async () => {
        proxy = startProxy(stop.signal)
      })
    }, 60_000)

    afterAll(async () => {
      stop.abort()
      await proxy
      await api.close()
      await machine.close()
    }, 60_000)

    const http = async (from: Run, url: string, ...args: string[]) => {
      const { code, stdout, stderr } = await from('curl', ['-sS', '--max-time', '15', ...args, url])
      if (code !== 7) return code === 0 ? stdout : `failed: ${stderr.trim()}`
      // curl does not say why it could not connect.
      const { host } = new URL(url)
      return (await from('socat', ['-u', 'OPEN:/dev/null', `TCP4:${host.includes(':') ? host : `${host}:80`}`])).stderr
    }

    const endpoint = (ip: string, node = 'n1', more: Partial<Endpoint> = {}): Endpoint => ({
      addresses: [ip],
      nodeName: node,
      conditions: { ready: true },
      ...more,
    })

    const addService = async (
      name: string,
      spec: Partial<Service['spec']>,
      endpoints: Endpoint[],
      protocol = 'TCP',
    ) => {
      const service: New<Service> = {
        metadata: { name, namespace: 'default' },
        spec: { ports: [{ port: 80, protocol }], ...spec },
      }
      let made: Awaited<ReturnType<typeof api.client.create<Service>>> | undefined
      // The slice comes first, so that one transaction of the service has everything.
      await api.client.create(endpointslices, {
        metadata: { name, namespace: 'default', labels: { 'kubernetes.io/service-name': name } },
        addressType: 'IPv4',
        ports: [{ name: '', port: 8080, protocol }],
        endpoints,
      })
      await andApplied(async () => {
        made = await api.client.create(services, service)
      })
      return { ip: made?.spec.clusterIP ?? '', nodePort: made?.spec.ports?.[0]?.nodePort ?? 0 }
    }

    const setEndpoints = (name: string, endpoints: Endpoint[]) =>
      andApplied(() =>
        api.client.patch(
          endpointslices,
          { namespace: 'default', name },
          { type: 'merge', patch: { endpoints: endpoints.length > 0 ? endpoints : null } },
        ),
      )

    it('balances a cluster IP over ready endpoints, from pods and from the machine', async () => {
      const { ip } = await addService('web', {}, [
        endpoint('10.244.0.5'),
        endpoint('10.244.0.6'),
        endpoint('10.244.0.7', 'n1', { conditions: { ready: false } }),
      ])
      const answers = new Set<string>()
      for (let i = 0; i < 20; i++) answers.add(await http(machine.in('a'), `http://${ip}`))
      // To itself the gateway speaks for the pod; to others it keeps its own address.
      expect(answers).toEqual(new Set(['a 10.244.0.1', 'b 10.244.0.5']))
      expect(await http(machine.run, `http://${ip}`)).toMatch(/^[ab] 10\.244\.0\.1$/)
      await setEndpoints('web', [endpoint('10.244.0.6')])
      for (let i = 0; i < 5; i++) expect(await http(machine.in('a'), `http://${ip}`)).toBe('b 10.244.0.5')
    })

    it('refuses at once when there are no endpoints or the port is not one of the service', async () => {
      const { ip, nodePort } = await addService('empty', { type: 'NodePort' }, [])
      expect(await http(machine.in('a'), `http://${ip}`)).toContain('refused')
      expect(await http(machine.run, `http://${ip}`)).toContain('refused')
      expect(await http(machine.in('outside'), `http://${MACHINE_IP}:${nodePort}`)).toContain('refused')
      await setEndpoints('empty', [endpoint('10.244.0.5')])
      expect(await http(machine.in('b'), `http://${ip}`)).toBe('a 10.244.0.6')
      expect(await http(machine.in('b'), `http://${ip}:81`)).toContain('refused')
      await setEndpoints('empty', [])
      expect(await http(machine.in('b'), `http://${ip}`)).toContain('refused')
    })

    it('serves node ports on every local address, localhost included', async () => {
      const { nodePort } = await addService('np', { type: 'NodePort' }, [endpoint('10.244.0.5')])
      expect(await http(machine.run, `http://localhost:${nodePort}`)).toBe('a 10.244.0.1')
      expect(await http(machine.run, `http://127.0.0.1:${nodePort}`)).toBe('a 10.244.0.1')
      expect(await http(machine.run, `http://${MACHINE_IP}:${nodePort}`)).toBe('a 10.244.0.1')
      expect(await http(machine.in('outside'), `http://${MACHINE_IP}:${nodePort}`)).toBe('a 10.244.0.1')
      expect(await http(machine.in('b'), `http://10.244.0.1:${nodePort}`)).toBe('a 10.244.0.1')
    })

    it('does not let pods reach what listens on the loopback interface of the machine', async () => {
      await machine.in('a')('ip', ['route', 'add', '127.0.0.9/32', 'via', '10.244.0.1', 'src', '10.244.0.5'])
      expect(await http(machine.in('a'), 'http://127.0.0.9:1', '--max-time', '1')).toMatch(/failed/)
      const { stdout } = await machine.run('nft', ['list', 'chain', 'ip', TABLE, 'guard_loopback'])
      expect(stdout).toContain('ip daddr 127.0.0.0/8 drop')
    })

    it('keeps the client address under externalTrafficPolicy Local, and drops without a local endpoint', async () => {
      await machine.in('outside')('ip', ['route', 'add', '203.0.113.0/24', 'via', MACHINE_IP])
      const spec = { type: 'NodePort', externalTrafficPolicy: 'Local', externalIPs: ['203.0.113.7'] }
      const { nodePort } = await addService('local', spec, [endpoint('10.244.0.5'), endpoint('10.244.1.9', 'n2')])
      for (let i = 0; i < 5; i++) {
        expect(await http(machine.in('outside'), `http://${MACHINE_IP}:${nodePort}`)).toBe(`a ${OUTSIDE_IP}`)
        expect(await http(machine.in('outside'), 'http://203.0.113.7')).toBe(`a ${OUTSIDE_IP}`)
      }
      await setEndpoints('local', [endpoint('10.244.0.5', 'n2')])
      expect(await http(machine.in('outside'), `http://${MACHINE_IP}:${nodePort}`, '--max-time', '1')).toContain(
        'timed out',
      )
      expect(await http(machine.run, `http://127.0.0.1:${nodePort}`)).toBe('a 10.244.0.1')
    })

    it('keeps a client with its endpoint until the timeout', async () => {
      const sticky = { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 2 } } }
      const { ip } = await addService('sticky', sticky, [endpoint('10.244.0.5'), endpoint('10.244.0.6')])
      const first = await http(machine.in('a'), `http://${ip}`)
      for (let i = 0; i < 10; i++) expect(await http(machine.in('a'), `http://${ip}`)).toBe(first)
      const here = first.startsWith('a') ? '10.244.0.5' : '10.244.0.6'
      const set = ['list', 'set', 'ip', TABLE, `aff/default/sticky/tcp/80/${here}/8080/2`]
      expect((await machine.run('nft', set)).stdout).toMatch(/elements = \{ 10\.244\.0\.5 /)
      await expect.poll(async () => (await machine.run('nft', set)).stdout, { timeout: 5000 }).not.toContain('elements')
      // Without its endpoint the client moves to the other one.
      const other = first.startsWith('a') ? '10.244.0.6' : '10.244.0.5'
      await setEndpoints('sticky', [endpoint(other)])
      expect(await http(machine.in('a'), `http://${ip}`)).not.toBe(first)
    })

    it('moves UDP clients when their endpoint goes', async () => {
      const { ip } = await addService('dns', {}, [endpoint('10.244.0.6')], 'UDP')
      expect(await machine.askUdp(machine.in('a'), { ip, port: 80, sourcePort: 5555 })).toBe('b 10.244.0.5')
      await setEndpoints('dns', [endpoint('10.244.0.5')])
      await expect
        .poll(() => machine.askUdp(machine.in('a'), { ip, port: 80, sourcePort: 5555 }), { timeout: 5000 })
        .toBe('a 10.244.0.1')
    })

    it('serves host ports of pods on this node, with and without a host address', async () => {
      const pod = await api.client.create(pods, {
        metadata: { name: 'hp', namespace: 'default' },
        spec: {
          nodeName: 'n1',
          containers: [
            {
              name: 'c',
              image: 'x',
              ports: [
                { containerPort: 8080, hostPort: 18080 },
                { containerPort: 8080, hostPort: 18081, hostIP: '127.0.0.1' },
              ],
            },
          ],
        },
      })
      const key = { namespace: 'default', name: 'hp' }
      const status = { phase: 'Running', podIP: '10.244.0.5', podIPs: [{ ip: '10.244.0.5' }] }
      await andApplied(() => api.client.update(pods, { ...pod, status }, { subresource: 'status' }))
      expect(await http(machine.in('outside'), `http://${MACHINE_IP}:18080`)).toBe(`a ${OUTSIDE_IP}`)
      expect(await http(machine.run, 'http://127.0.0.1:18080')).toBe('a 10.244.0.1')
      expect(await http(machine.in('a'), 'http://10.244.0.1:18080')).toBe('a 10.244.0.1')
      expect(await http(machine.run, 'http://127.0.0.1:18081')).toBe('a 10.244.0.1')
      expect(await http(machine.in('outside'), `http://${MACHINE_IP}:18081`)).toContain('refused')
      await andApplied(() => api.client.delete(pods, key, { gracePeriodSeconds: 0 }))
      expect(await http(machine.run, 'http://127.0.0.1:18080')).toContain('refused')
    })

    it('leads to what listens on the machine itself: the API and DNS', async () => {
      const end = await machine.serve('machine', 8080)
      const { ip, nodePort } = await addService('api', { type: 'NodePort' }, [endpoint(MACHINE_IP)])
      const dns = await addService('kube-dns', {}, [endpoint('10.244.0.1')], 'UDP')
      expect(await http(machine.in('a'), `http://${ip}`)).toBe('machine 10.244.0.5')
      expect(await http(machine.run, `http://${ip}`)).toMatch(/^machine /)
      expect(await http(machine.run, `http://127.0.0.1:${nodePort}`)).toMatch(/^machine /)
      expect(await machine.askUdp(machine.in('a'), { ip: dns.ip, port: 80 })).toBe('machine 10.244.0.5')
      await end()
    })

    it('leaves cluster IPs alone that pods of another cluster ask for', async () => {
      const { spec } = await api.client.get(services, { namespace: 'default', name: 'web' })
      await machine.run('sh', [
        '-e',
        '-c',
        `ip link add ${OTHER_BRIDGE} type bridge; ip addr add 10.250.0.1/24 dev ${OTHER_BRIDGE}; ip link set ${OTHER_BRIDGE} up`,
      ])
      await machine.addPod('c', '10.250.0.5', 8080, OTHER_BRIDGE)
      expect(await http(machine.in('c'), `http://${spec.clusterIP}`)).toContain('refused')
      // The other cluster's own table takes it.
      const rules = `table ip other {
      chain pre { type nat hook prerouting priority dstnat; policy accept;
        iifname "${OTHER_BRIDGE}" ip daddr ${spec.clusterIP} tcp dport 80 dnat to 10.244.0.5:8080
      }
    }
`
      expect(await machine.run('nft', ['-f', '-'], rules)).toMatchObject({ code: 0 })
      expect(await http(machine.in('c'), `http://${spec.clusterIP}`)).toBe('a 10.250.0.5')
      await machine.run('nft', ['delete', 'table', 'ip', 'other'])
      await machine.run('ip', ['link', 'delete', OTHER_BRIDGE])
    })

    it('gives pods that leave the cluster the address of the machine', async () => {
      const server = machine.in('outside')('socat', [
        '-T',
        '15',
        'TCP4-LISTEN:9000,reuseaddr',
        'SYSTEM:echo $SOCAT_PEERADDR',
      ])
      const client = () => machine.in('a')('socat', ['-T', '15', '-', `TCP4:${OUTSIDE_IP}:9000,retry=100,interval=0.1`])
      expect((await client()).stdout.trim()).toBe(MACHINE_IP)
      await server
    })

    it('adopts the table of an earlier run, repairs it, and forgets what no longer exists', async () => {
      // A client in the middle of its request notices nothing.
      const key = { namespace: 'default', name: 'web' }
      const { clusterIP = '' } = (await api.client.get(services, key)).spec
      const request = `(printf 'GET / HTTP/1.1\\r\\nHost: x\\r\\n'; sleep 2; printf '\\r\\n') | socat -T 5 - TCP4:${clusterIP}:80`
      const slow = machine.in('a')('sh', ['-c', request])
      const flows = () => machine.run('conntrack', ['-L', '-p', 'tcp', '--state', 'ESTABLISHED'])
      await expect.poll(async () => (await flows()).stdout).toContain(`dst=${clusterIP}`)
      stop.abort()
      await proxy
      await machine.run('nft', ['flush', 'map', 'ip', TABLE, 'service_ips'])
      await machine.run('nft', ['add', 'chain', 'ip', TABLE, 'svc/gone/x/tcp/80'])
      await api.client.delete(services, { namespace: 'default', name: 'np' })
      const second = new AbortController()
      let run: Promise<void> = Promise.resolve()
      await andApplied(async () => {
        run = startProxy(second.signal)
      })
      expect(await http(machine.in('a'), `http://${clusterIP}`)).toBe('b 10.244.0.5')
      const { stdout } = await machine.run('nft', ['list', 'table', 'ip', TABLE])
      expect(stdout).not.toMatch(/gone|default\/np\//)
      expect((await slow).stdout).toContain('b 10.244.0.5')
      second.abort()
      await run
    })

    it('leaves nothing behind', async () => {
      await tearDownPodNetwork({ bridge: BRIDGE, table: TABLE, run: machine.run })
      await tearDownPodNetwork({ bridge: BRIDGE, table: TABLE, run: machine.run })
      expect((await machine.run('nft', ['list', 'ruleset'])).stdout).toBe('')
      expect((await machine.run('ip', ['-o', 'link'])).stdout).not.toMatch(/br-test|v-a|v-b/)
    })
  },
)
