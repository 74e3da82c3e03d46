import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { Server, ServerCredentials } from '@grpc/grpc-js'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Probe } from '../../api/generated/core-v1.ts'
import { systemClock } from '../../machinery/clock.ts'
import { type Runtime, RuntimeError } from '../runtime/runtime.ts'
import { runProbe } from './probers.ts'

describe('probes', () => {
  let web: http.Server
  let silent: net.Server
  let grpc: Server
  let webPort = 0
  let silentPort = 0
  let grpcPort = 0

  beforeAll(async () => {
    web = http.createServer((req, res) => {
      if (req.url === '/ok') res.end(`${req.headers['user-agent']} ${req.headers['x-a'] ?? ''} ${req.headers.host}`)
      else if (req.url === '/moved') res.writeHead(302, { location: '/ok' }).end()
      else if (req.url === '/away') res.writeHead(302, { location: 'http://elsewhere.invalid/' }).end('bye')
      else if (req.url === '/loop') res.writeHead(302, { location: '/loop' }).end()
      else if (req.url !== '/slow') res.writeHead(503).end()
    })
    silent = net.createServer(() => {})
    await Promise.all([web, silent].map((s) => new Promise<void>((done) => s.listen(0, '127.0.0.1', () => done()))))
    webPort = (web.address() as AddressInfo).port
    silentPort = (silent.address() as AddressInfo).port
    grpc = new Server()
    const path = '/grpc.health.v1.Health/Check'
    const raw = (b: Buffer) => b
    const check = {
      path,
      requestStream: false as const,
      responseStream: false as const,
      requestSerialize: raw,
      requestDeserialize: raw,
      responseSerialize: raw,
      responseDeserialize: raw,
    }
    grpc.addService(
      { check },
      {
        check: (call: { request: Buffer }, done: (error: null, answer: Buffer) => void) =>
          done(null, Buffer.from([0x08, call.request.includes('bad') ? 2 : 1])),
      },
    )
    grpcPort = await new Promise<number>((resolve, reject) => {
      grpc.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (e, port) => (e ? reject(e) : resolve(port)))
    })
  })
  afterAll(() => {
    web.closeAllConnections()
    web.close()
    silent.close()
    grpc.forceShutdown()
  })

  const execSync: Runtime['execSync'] = async (_, command, timeout) => {
    if (command[0] === 'hang') throw new RuntimeError('DEADLINE_EXCEEDED', 'too slow')
    return { stdout: Buffer.from(`${timeout}`), stderr: Buffer.from('!'), exitCode: command[0] === 'true' ? 0 : 1 }
  }
  const run = (probe: Probe) =>
    runProbe(probe, {
      runtime: { execSync } as Runtime,
      clock: systemClock,
      container: { name: 'c', ports: [{ name: 'web', containerPort: webPort }] },
      containerId: 'id',
      podIP: '127.0.0.1',
      version: 'v1.36.1',
    })

  it('runs commands', async () => {
    expect(await run({ exec: { command: ['true'] } })).toEqual({ result: 'success', output: '1!' })
    expect(await run({ exec: { command: ['false'] } })).toMatchObject({ result: 'failure' })
    expect((await run({ exec: { command: ['hang', 'x'] }, timeoutSeconds: 3 })).output).toBe(
      'command timed out: "hang x" timed out after 3s',
    )
  })

  it('asks over HTTP, by number or name of a port', async () => {
    const httpHeaders = [{ name: 'X-A', value: 'b' }]
    expect(await run({ httpGet: { port: 'web', path: '/ok', httpHeaders } })).toEqual({
      result: 'success',
      output: `kube-probe/1.36 b 127.0.0.1:${webPort}`,
    })
    expect(await run({ httpGet: { port: webPort, path: 'moved' } })).toMatchObject({ result: 'success' })
    expect(await run({ httpGet: { port: webPort, path: '/away' } })).toMatchObject({ result: 'warning' })
    expect((await run({ httpGet: { port: webPort, path: '/loop' } })).output).toContain('stopped after 10 redirects')
    expect(await run({ httpGet: { port: webPort, path: '/bad' } })).toEqual({
      result: 'failure',
      output: 'HTTP probe failed with statuscode: 503',
    })
    expect((await run({ httpGet: { port: webPort, path: '/slow' } })).output).toContain('context deadline exceeded')
    expect((await run({ httpGet: { port: 'none' } })).output).toContain('couldn\'t find port: "none" in container c')
  })

  it('connects over TCP', async () => {
    expect(await run({ tcpSocket: { port: silentPort } })).toEqual({ result: 'success', output: '' })
    expect(await run({ tcpSocket: { port: 1 } })).toEqual({
      result: 'failure',
      output: 'dial tcp 127.0.0.1:1: connect: connection refused',
    })
  })

  it('asks gRPC health services', async () => {
    expect(await run({ grpc: { port: grpcPort } })).toEqual({ result: 'success', output: 'service healthy' })
    expect(await run({ grpc: { port: grpcPort, service: 'bad' } })).toEqual({
      result: 'failure',
      output: 'service unhealthy (responded with "NOT_SERVING")',
    })
    expect((await run({ grpc: { port: silentPort } })).output).toMatch(/^timeout: /)
  })
})
