import { connect, createServer, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { SpdyConnection } from './spdy.ts'
import { HeaderDecoder, HeaderEncoder, SPDY_DICTIONARY } from './spdy-headers.ts'
import type { SpdyStream } from './spdy-stream.ts'

const cleanup: (() => void)[] = []
afterEach(() => {
  for (const run of cleanup.splice(0)) run()
})

async function socketPair(): Promise<[Socket, Socket]> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve))
  const client = connect(address.port, '127.0.0.1')
  const peer = await accepted
  cleanup.push(() => {
    client.destroy()
    peer.destroy()
    server.close()
  })
  return [client, peer]
}

async function connections(onStream: (stream: SpdyStream) => void) {
  const [a, b] = await socketPair()
  const none = Buffer.alloc(0)
  const client = new SpdyConnection({ socket: a, head: none, role: 'client' })
  const server = new SpdyConnection({ socket: b, head: none, role: 'server', onStream })
  return { client, server, socket: b }
}

async function collect(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of stream) parts.push(part)
  return Buffer.concat(parts)
}

describe('header blocks', () => {
  it('use the dictionary of the specification', () => {
    expect(SPDY_DICTIONARY.length).toBe(1423)
  })

  it('survive compression one after the other', async () => {
    const encoder = new HeaderEncoder()
    const decoder = new HeaderDecoder()
    for (let i = 0; i < 5; i++) {
      const block = encoder.encode({ streamType: 'error', port: String(i) })
      expect(block.subarray(-4).toString('hex')).toBe('0000ffff')
      expect({ ...(await decoder.decode(block)) }).toEqual({ streamtype: 'error', port: String(i) })
    }
  })

  it('are refused when they inflate to too much', async () => {
    const block = new HeaderEncoder().encode({ bomb: 'x'.repeat(1_000_000) })
    await expect(new HeaderDecoder().decode(block)).rejects.toThrow('exceeds')
  })
})

describe('a SPDY connection', () => {
  it('carries megabytes both ways with half-close, though no window is ever granted', async () => {
    const { client } = await connections((stream) => {
      stream.reply()
      stream.pipe(stream)
    })
    const stream = await client.open({ streamType: 'data' })
    const sent = Buffer.alloc(5_000_000, 'abcdefghij')
    const back = collect(stream)
    stream.end(sent)
    expect((await back).equals(sent)).toBe(true)
  })

  it('stops reading when nobody reads a stream, and goes on afterwards', async () => {
    let held: SpdyStream | undefined
    const { client, socket } = await connections((stream) => {
      stream.reply()
      held = stream
    })
    const stream = await client.open({})
    let written = false
    stream.end(Buffer.alloc(30_000_000), () => {
      written = true
    })
    await new Promise<void>((resolve) => {
      const look = () => ((held?.readableLength ?? 0) > 1024 * 1024 ? resolve() : setImmediate(look))
      look()
    })
    expect(written).toBe(false)
    expect(socket.bytesRead).toBeLessThan(20_000_000)
    if (held === undefined) throw new Error('no stream')
    expect((await collect(held)).length).toBe(30_000_000)
  })

  it('rejects an open that the peer refuses', async () => {
    const { client } = await connections((stream) => stream.destroy())
    await expect(client.open({})).rejects.toThrow('refused')
  })

  it('ends streams when the connection drops', async () => {
    const { client, server } = await connections((stream) => stream.reply())
    const stream = await client.open({})
    const ended = collect(stream)
    server.destroy()
    expect((await ended).length).toBe(0)
    await client.closed
  })

  it('answers pings', async () => {
    const [a, b] = await socketPair()
    new SpdyConnection({ socket: b, head: Buffer.alloc(0), role: 'server' })
    const answer = new Promise<Buffer>((resolve) => a.once('data', resolve))
    a.write(Buffer.from('800300060000000400000001', 'hex'))
    expect((await answer).toString('hex')).toBe('800300060000000400000001')
  })
})
