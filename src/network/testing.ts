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
  /** Ends the programs that were started on the machine itself. */
  stop(): Promise<void>
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
  const children = new Map<string, ChildProcess>()
  const sh = (runner: Run, line: string) => mustRun(runner, line, ['sh', '-e', '-c', line])
  const addNamespace = async (name: string) => {
    await sh(run, `ip netns add ${nameOf(name)}`)
    namespaces.push(name)
    await sh(inside(name), 'ip link set lo up')
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
      const args = ['netns', 'exec', nameOf(name), process.execPath, '-e', SERVER, name, String(port)]
      const child = spawn('ip', args, { env, stdio: ['ignore', 'pipe', 'inherit'] })
      children.set(name, child)
      await once(child.stdout, 'data')
    },
    async stop() {
      const pids = await sh(run, `ip netns pids ${nameOf('machine')}`)
      for (const pid of pids.split('\n').filter((line) => line !== '')) process.kill(Number(pid), 'SIGTERM')
    },
    async close() {
      for (const child of children.values()) {
        if (child.exitCode !== null || child.signalCode !== null) continue
        const closed = once(child, 'close')
        child.kill('SIGKILL')
        await closed
      }
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
