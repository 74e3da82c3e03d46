import { expect, it } from 'vitest'
import { webSocketToken } from './websocket-token.ts'

const PREFIX = 'base64url.bearer.authorization.k8s.io.'
const encoded = (text: string | Buffer) => `${PREFIX}${Buffer.from(text).toString('base64url')}`
const asked = (protocols: string, upgrade = 'websocket') =>
  webSocketToken({ upgrade, 'sec-websocket-protocol': protocols })
const why = (protocols: string) => {
  try {
    return asked(protocols)
  } catch (error) {
    return ((error as Error).cause as Error).message
  }
}

it('takes a token out of the subprotocols', () => {
  expect(asked(`v5.channel.k8s.io, ${encoded('sesame')},v4.channel.k8s.io`)).toEqual({
    token: 'sesame',
    otherProtocols: 'v5.channel.k8s.io,v4.channel.k8s.io',
  })
})

it('looks at WebSockets only, and at tokens that are there', () => {
  expect(asked(`a,${encoded('sesame')}`, 'SPDY/3.1')).toBeUndefined()
  expect(asked('v5.channel.k8s.io')).toBeUndefined()
  expect(asked(`a,${PREFIX}`)).toBeUndefined()
  expect(webSocketToken({})).toBeUndefined()
})

it.each([
  [`${encoded('a')},${encoded('b')},c`, 'multiple base64.bearer.authorization tokens specified'],
  [`${PREFIX}a+b,c`, 'invalid base64.bearer.authorization token encoding'],
  [`${encoded(Buffer.of(0xff, 0xfe))},c`, 'invalid base64.bearer.authorization token'],
  [encoded('sesame'), 'missing additional subprotocol'],
])('refuses %s', (protocols, message) => {
  expect(why(protocols)).toBe(message)
})
