import { createServer, type IncomingMessage, type Server } from 'node:http'
import { createServer as createTcpServer, connect as tcpConnect } from 'node:net'
import { type Duplex, PassThrough, Readable } from 'node:stream'
import { afterEach, describe, expect, it } from 'vitest'
import { createWebSocketStream, WebSocket } from 'ws'
import { systemClock } from '../../machinery/clock.ts'
import { silentLogger } from '../../machinery/logger.ts'
import { SpdyConnection } from '../../machinery/spdy/spdy.ts'
import type { StreamOptions, TerminalSize } from '../runtime/runtime.ts'
import { serveAttach, serveExec } from './command-server.ts'
import { servePortForward } from './port-forward-server.ts'
import { execOverSpdy, portForwardOverSpdy } from './stream-client.ts'
import { type CommandRequest, parseCommandRequest } from './upgrade.ts'

const cleanup: (() => void)[] = []
afterEach(() => {
  for (const run of cleanup.splice(0)) run()
})
const signal = new AbortController().signal

async function listen(
  onUpgrade: (req: IncomingMessage, socket: Duplex, head: Buffer) => Promise<void>,
): Promise<string> {
  const server: Server = createServer()
  server.on('upgrade', (req, socket, head) => {
    onUpgrade(req, socket, head).catch((error) => socket.destroy(error))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  cleanup.push(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return `127.0.0.1:${address.port}`
}

type Run = (request: CommandRequest, streams: StreamOptions) => Promise<{ exitCode: number }>

function execServer(run: Run): Promise<string> {
  return listen((req, socket, head) => serveExec({ req, socket, head, clock: systemClock, log: silentLogger, run }))
}

/** Copies standard input to standard output, says so on standard error, and exits with 0. */
const cat: Run = async (_request, { stdin, stdout, stderr }) => {
  for await (const chunk of stdin ?? []) {
    if (stdout?.write(chunk) === false) await new Promise((resolve) => stdout.once('drain', resolve))
  }
  stderr?.write('done')
  return { exitCode: 0 }
}

interface Heard {
  readonly channels: Map<number, string>
  readonly protocol: string
  readonly code: number
}

function talk(url: string, protocols: string[], onOpen: (ws: WebSocket) => void): Promise<Heard> {
  const ws = new WebSocket(`ws://${url}`, protocols)
  const channels = new Map<number, string>()
  ws.on('message', (data: Buffer) => {
    const channel = data[0] ?? -1
    channels.set(channel, (channels.get(channel) ?? '') + data.subarray(1).toString())
  })
  ws.on('open', () => onOpen(ws))
  return new Promise((resolve, reject) => {
    ws.on('error', reject)
    ws.on('close', (code) => resolve({ channels, protocol: ws.protocol, code }))
  })
}

const message = (channel: number, text: string) => Buffer.concat([Buffer.of(channel), Buffer.from(text)])
const ALL = '/exec?command=cat&stdin=true&stdout=true&stderr=true'

describe('a command over WebSocket', () => {
  it('half-closes standard input with version 5', async () => {
    const url = await execServer(cat)
    const heard = await talk(`${url}${ALL}`, ['v5.channel.k8s.io', 'v4.channel.k8s.io'], (ws) => {
      ws.send(message(0, 'hello '))
      ws.send(message(0, 'there'))
      ws.send(Buffer.of(255, 0))
    })
    expect(heard.protocol).toBe('v5.channel.k8s.io')
    expect(heard.code).toBe(1000)
    expect(heard.channels.get(1)).toBe('hello there')
    expect(heard.channels.get(2)).toBe('done')
    expect(JSON.parse(heard.channels.get(3) ?? '')).toEqual({ metadata: {}, status: 'Success' })
  })

  it('tells the exit code as upstream does', async () => {
    const url = await execServer(async () => ({ exitCode: 1 }))
    const heard = await talk(`${url}${ALL}`, ['v4.channel.k8s.io'], () => {})
    expect(JSON.parse(heard.channels.get(3) ?? '')).toEqual({
      metadata: {},
      status: 'Failure',
      message: 'command terminated with exit code 1',
      reason: 'NonZeroExitCode',
      details: { causes: [{ reason: 'ExitCode', message: '1' }] },
    })
  })

  it('tells version 1 in plain text', async () => {
    const url = await execServer(async () => ({ exitCode: 2 }))
    const heard = await talk(`${url}${ALL}`, [], () => {})
    expect(heard.channels.get(3)).toBe('command terminated with exit code 2')
  })

  it('tells what went wrong', async () => {
    const url = await execServer(() => Promise.reject(new Error('no such file')))
    const heard = await talk(`${url}${ALL}`, ['v5.channel.k8s.io'], () => {})
    expect(JSON.parse(heard.channels.get(3) ?? '')).toMatchObject({
      reason: 'InternalError',
      code: 500,
      message: 'Internal error occurred: error executing command in container: no such file',
    })
  })

  it('carries megabytes though the command reads late', async () => {
    const big = 'x'.repeat(1_000_000)
    const url = await execServer(async (request, streams) => {
      await new Promise((resolve) => setImmediate(resolve))
      return cat(request, streams)
    })
    const heard = await talk(`${url}${ALL}`, ['v5.channel.k8s.io'], (ws) => {
      for (let i = 0; i < 5; i++) ws.send(message(0, big))
      ws.send(Buffer.of(255, 0))
    })
    expect(heard.channels.get(1)?.length).toBe(5_000_000)
  })

  it('passes on terminal sizes', async () => {
    const seen: TerminalSize[] = []
    const url = await execServer(async (_request, { resize, tty }) => {
      expect(tty).toBe(true)
      for await (const size of resize ?? []) {
        seen.push(size)
        break
      }
      return { exitCode: 0 }
    })
    await talk(`${url}/exec?command=sh&stdin=1&stdout=1&tty=1`, ['v5.channel.k8s.io'], (ws) =>
      ws.send(message(4, '{"Width":80,"Height":24}\n')),
    )
    expect(seen).toEqual([{ width: 80, height: 24 }])
  })

  it('aborts the command when the client leaves', async () => {
    let aborted: () => void = () => {}
    const over = new Promise<void>((resolve) => {
      aborted = resolve
    })
    const url = await execServer(async (_request, streams) => {
      await new Promise<void>((resolve) => streams.signal.addEventListener('abort', () => resolve()))
      aborted()
      return { exitCode: 0 }
    })
    await talk(`${url}${ALL}`, ['v4.channel.k8s.io'], (ws) => ws.terminate())
    await over
  })

  it('hears what a client sends together with its handshake', async () => {
    const url = await execServer(cat)
    const [host = '', port = ''] = url.split(':')
    const socket = tcpConnect(Number(port), host)
    const handshake = [
      `GET ${ALL} HTTP/1.1`,
      `Host: ${url}`,
      'Connection: Upgrade',
      'Upgrade: websocket',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
      'Sec-WebSocket-Protocol: v5.channel.k8s.io',
    ]
    // Masked with zeros: "early" on channel 0, then the end of channel 0.
    const frames = [message(0, 'early'), Buffer.of(255, 0)].map((body) =>
      Buffer.concat([Buffer.of(0x82, 0x80 | body.length, 0, 0, 0, 0), body]),
    )
    socket.write(Buffer.concat([Buffer.from(`${handshake.join('\r\n')}\r\n\r\n`), ...frames]))
    let heard = ''
    await new Promise<void>((resolve) => {
      socket.on('data', (data) => {
        heard += data.toString('latin1')
        if (heard.includes('"Success"')) resolve()
      })
    })
    socket.destroy()
    expect(heard).toContain('\x01early')
  })

  it('refuses protocols it does not know, and requests without streams', async () => {
    const url = await execServer(cat)
    await expect(talk(`${url}${ALL}`, ['v9.channel.k8s.io'], () => {})).rejects.toThrow('400')
    await expect(talk(`${url}/exec?command=cat`, ['v5.channel.k8s.io'], () => {})).rejects.toThrow('400')
  })
})

describe('a command over SPDY', () => {
  function sink() {
    const stream = new PassThrough({ highWaterMark: 64 * 1024 * 1024 })
    return { stream, text: () => String(stream.read() ?? '') }
  }

  it('carries its streams and its exit code', async () => {
    const url = await execServer(async (request, streams) => {
      await cat(request, streams)
      return { exitCode: 9 }
    })
    const [out, err] = [sink(), sink()]
    const stdin = Readable.from([Buffer.alloc(3_000_000, 'a'), Buffer.from('end')])
    const result = await execOverSpdy(`http://${url}${ALL}`, {
      tty: false,
      stdin,
      stdout: out.stream,
      stderr: err.stream,
      signal,
    })
    expect(result).toEqual({ exitCode: 9 })
    expect(out.text().length).toBe(3_000_003)
    expect(err.text()).toBe('done')
  })

  it('serves attach with a terminal', async () => {
    const url = await listen((req, socket, head) =>
      serveAttach({
        req,
        socket,
        head,
        clock: systemClock,
        log: silentLogger,
        async run(_request, { stdout, resize }) {
          for await (const { width, height } of resize ?? []) {
            stdout?.write(`${width}x${height}`)
            break
          }
        },
      }),
    )
    const out = sink()
    async function* resize() {
      yield { width: 120, height: 40 }
    }
    const streams = { tty: true, stdin: new PassThrough(), stdout: out.stream, resize: resize(), signal }
    await execOverSpdy(`http://${url}/attach?stdin=1&stdout=1&tty=1`, streams)
    expect(out.text()).toBe('120x40')
  })

  it('carries a failure', async () => {
    const url = await execServer(() => Promise.reject(new Error('no such file')))
    await expect(
      execOverSpdy(`http://${url}${ALL}`, {
        tty: false,
        stdin: new PassThrough(),
        stdout: sink().stream,
        stderr: sink().stream,
        signal,
      }),
    ).rejects.toThrow('no such file')
  })
})

describe('port-forward', () => {
  async function echoPort(): Promise<number> {
    const server = createTcpServer({ allowHalfOpen: true }, (socket) => socket.pipe(socket))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    cleanup.push(() => server.close())
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    return address.port
  }

  function forwardServer(): Promise<string> {
    return listen((req, socket, head) =>
      servePortForward({
        req,
        socket,
        head,
        clock: systemClock,
        log: silentLogger,
        pod: { name: 'web', uid: 'u1' },
        connect: (port) =>
          new Promise((resolve, reject) => {
            const target = tcpConnect({ port, host: '127.0.0.1', allowHalfOpen: true })
            target.once('connect', () => resolve(target))
            target.once('error', reject)
          }),
      }),
    )
  }

  async function echo(socket: Duplex, text: string): Promise<string> {
    socket.end(text)
    let back = ''
    for await (const chunk of socket) back += String(chunk)
    return back
  }

  it('works over SPDY', async () => {
    const [port, url] = [await echoPort(), await forwardServer()]
    const socket = await portForwardOverSpdy(`http://${url}/portForward`, port, { signal })
    expect(await echo(socket, 'x'.repeat(500_000))).toHaveLength(500_000)
  })

  it('tells which port of which pod failed', async () => {
    const url = await forwardServer()
    const socket = await portForwardOverSpdy(`http://${url}/portForward`, 1, { signal })
    const error = await new Promise<Error>((resolve) => socket.once('error', resolve))
    expect(error.message).toMatch(/^error forwarding port 1 to pod web, uid u1: .*ECONNREFUSED/)
  })

  it('works over SPDY in a WebSocket, many connections at once', async () => {
    const [port, url] = [await echoPort(), await forwardServer()]
    // The client library refuses the slash in the name as well, so the header is written by hand.
    const ws = new WebSocket(`ws://${url}/portForward`, {
      headers: { 'Sec-WebSocket-Protocol': 'SPDY/3.1+portforward.k8s.io' },
      finishRequest(request) {
        request.end()
      },
    })
    const answered = new Promise<string | undefined>((resolve) => {
      ws.once('upgrade', (response) => {
        const agreed = response.headers['sec-websocket-protocol']
        delete response.headers['sec-websocket-protocol']
        resolve(agreed)
      })
    })
    await new Promise((resolve, reject) => {
      ws.once('open', resolve)
      ws.once('error', reject)
    })
    expect(await answered).toBe('SPDY/3.1+portforward.k8s.io')
    const connection = new SpdyConnection({ socket: createWebSocketStream(ws), head: Buffer.alloc(0), role: 'client' })
    const answers = await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        const headers = { port: String(port), requestid: String(i) }
        const errors = await connection.open({ ...headers, streamtype: 'error' })
        errors.end()
        return echo(await connection.open({ ...headers, streamtype: 'data' }), `hello ${i}`)
      }),
    )
    expect(answers).toEqual(Array.from({ length: 20 }, (_, i) => `hello ${i}`))
    connection.close()
    await connection.closed
  })

  it('works over WebSocket channels', async () => {
    const [port, url] = [await echoPort(), await forwardServer()]
    const ws = new WebSocket(`ws://${url}/portForward?port=${port}`, ['v4.channel.k8s.io'])
    const parts: Buffer[] = []
    await new Promise<void>((resolve, reject) => {
      ws.on('error', reject)
      ws.on('open', () => ws.send(message(0, 'ping')))
      ws.on('message', (data: Buffer) => {
        parts.push(data)
        if (data.toString().includes('ping')) resolve()
      })
    })
    expect(parts[0]?.readUInt16LE(1)).toBe(port)
    ws.terminate()
  })
})

describe('the query of a request', () => {
  it.each([
    [
      '/exec/ns/web/main?command=ls&command=-l&input=1&output=1&error=1',
      { stdin: true, stdout: true, stderr: true, tty: false, command: ['ls', '-l'], container: '' },
    ],
    [
      '/exec?command=sh&stdin=true&stdout=true&stderr=true&tty=true&container=c',
      { stdin: true, stdout: true, stderr: false, tty: true, command: ['sh'], container: 'c' },
    ],
  ])('%s', (url, expected) => {
    expect(parseCommandRequest(url)).toEqual(expected)
  })
})
