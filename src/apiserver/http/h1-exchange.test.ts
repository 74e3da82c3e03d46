import { createServer, type IncomingHttpHeaders, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, it } from 'vitest'
import { H1Response } from './h1-exchange.ts'

it('says each header once, and what is said last', async () => {
  const server = createServer((_, node) => {
    const response = new H1Response(node)
    response.setHeader('audit-id', 'own')
    response.setHeader('warning', ['one', 'two'])
    response.writeHead(200, { 'audit-id': 'of another server', 'content-length': 2 })
    response.end(Buffer.from('ok'))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  try {
    const headers = await new Promise<IncomingHttpHeaders>((resolve, reject) => {
      request({ port, host: '127.0.0.1', agent: false }, (answer) => {
        answer.resume()
        resolve(answer.headers)
      })
        .on('error', reject)
        .end()
    })
    expect(headers['audit-id']).toBe('of another server')
    expect(headers.warning).toBe('one, two')
  } finally {
    server.close()
  }
})
