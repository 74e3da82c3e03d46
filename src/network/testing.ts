// A machine of its own for tests: network namespaces for the host, its pods and an outside client.

import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mustRun, type Run, runWith } from './host.ts'

export interface TestMachine {
  /** Runs commands on the machine. */
  readonly run: Run
  /** Runs commands in a pod, or in `outside`. */
  in(name: string): Run
  /** Adds a pod with this address, listening on TCP and UDP `port`; it answers `<name> <client address>`. */
  addPod(name: string, ip: string, port: number, bridge?: string): Promise<void>
  /** Listens on TCP and UDP `port` of the machine itself as a pod does; gives what ends it. */
  serve(name: string, port: number): Promise<() => Promise<void>>
  /** Sends a UDP message and gives the first answer. Rejects when there is none. */
  askUdp(from: Run, to: { readonly ip: string; readonly port: number; readonly sourcePort?: number }): Promise<string>
  close(): Promise<void>
}

/** The machine's address as the outside client sees it. */
export const MACHINE_IP = '198.51.100.1'
export const OUTSIDE_IP = '198.51.100.2'

const SERVER = `
const [name, port] = process.argv.slice(1)
const plain = (a) => a.replace('::ffff:', '')
require('node:http').createServer((q, r) => { r.shouldKeepAlive = false; r.end(name + ' ' + plain(q.socket.remoteAddress)) })
  .listen(+port, '0.0.0.0', () => {
    const u = require('node:dgram').createSocket('udp4')
    u.on('message', (m, from) => u.send(name + ' ' + from.address, from.port, from.address))
    u.bind(+port, () => console.log('ready'))
  })
`

const UDP_CLIENT = `
const [ip, port, sourcePort] = process.argv.slice(1)
const u = require('node:dgram').createSocket({ type: 'udp4', reuseAddr: true })
u.on('message', (m) => { process.stdout.write(m); clearTimeout(limit); u.close() })
u.bind(+sourcePort, () => u.connect(+port, ip, () => u.send('hello')))
const limit = setTimeout(() => { throw new Error('no answer') }, 10000)
`

/** Makes the machine. `id` keeps machines apart; `env` is the environment of the programs. */
export async function testMachine(options: {
  id: string
  env: NodeJS.ProcessEnv
  bridge: string
}): Promise<TestMachine> {
  const { id, env, bridge } = options
  const run = runWith(env)
  const nameOf = (name: string) => `sampan-test-${id}-${name}`
  const inside = (name: string) => runWith(env, ['ip', 'netns', 'exec', nameOf(name)])
  const namespaces: string[] = []
  const children = new Set<ChildProcess>()
  const sh = (runner: Run, line: string) => mustRun(runner, line, ['sh', '-e', '-c', line])
  const addNamespace = async (name: string) => {
    await sh(run, `ip netns add ${nameOf(name)}`)
    namespaces.push(name)
    await sh(inside(name), 'ip link set lo up')
  }
  const end = async (child: ChildProcess) => {
    children.delete(child)
    if (child.exitCode !== null || child.signalCode !== null) return
    const closed = once(child, 'close')
    child.kill('SIGKILL')
    await closed
  }
  const serve = async (namespace: string, name: string, port: number) => {
    const args = ['netns', 'exec', nameOf(namespace), process.execPath, '-e', SERVER, name, String(port)]
    const child = spawn('ip', args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
    children.add(child)
    await once(child.stdout, 'data')
    return () => end(child)
  }
  const machine: TestMachine = {
    run: inside('machine'),
    in: inside,
    async addPod(name, ip, port, onto = bridge) {
      await addNamespace(name)
      const gateway = ip.replace(/\d+$/, '1')
      await sh(
        machine.run,
        `ip link add v-${name} type veth peer name eth0 netns ${nameOf(name)}; ip link set v-${name} master ${onto} up; bridge link set dev v-${name} hairpin on`,
      )
      await sh(inside(name), `ip addr add ${ip}/24 dev eth0; ip link set eth0 up; ip route add default via ${gateway}`)
      await serve(name, name, port)
    },
    serve: (name, port) => serve('machine', name, port),
    askUdp: (from, { ip, port, sourcePort = 0 }) =>
      mustRun(from, `ask ${ip}`, [process.execPath, '-e', UDP_CLIENT, ip, String(port), String(sourcePort)]),
    async close() {
      for (const child of children) await end(child)
      for (const name of namespaces.reverse()) await sh(run, `ip netns delete ${nameOf(name)}`)
    },
  }
  await addNamespace('machine')
  await addNamespace('outside')
  await sh(
    machine.run,
    `ip link add out0 type veth peer name eth0 netns ${nameOf('outside')}; ip addr add ${MACHINE_IP}/24 dev out0; ip link set out0 up`,
  )
  await sh(inside('outside'), `ip addr add ${OUTSIDE_IP}/24 dev eth0; ip link set eth0 up`)
  return machine
}
