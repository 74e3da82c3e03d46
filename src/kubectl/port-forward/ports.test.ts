import { isIP } from 'node:net'
import { describe, expect, it } from 'vitest'
import { parseAddresses, parsePorts, podPorts, servicePorts } from './ports.ts'

describe('ports', () => {
  it.each([
    ['80', { local: 80, remote: 80 }],
    [':80', { local: 0, remote: 80 }],
    ['8080:80', { local: 8080, remote: 80 }],
  ])('%s is read', (text, port) => expect(parsePorts([text])).toEqual([port]))

  it.each([
    ['1:2:3', "invalid port format '1:2:3'"],
    ['x', "error parsing local port 'x'"],
    ['1:', "error parsing remote port ''"],
    ['0', 'remote port must be > 0'],
    ['70000', 'value out of range'],
  ])('%s is refused', (text, message) => expect(() => parsePorts([text])).toThrow(message))

  const pod = {
    metadata: { name: 'p' },
    spec: { containers: [{ name: 'c', ports: [{ name: 'web', containerPort: 8080 }] }] },
  }
  const service = (more: object) => ({
    metadata: { name: 's' },
    spec: {
      ports: [{ name: 'http', port: 80, targetPort: 'web' }, { port: 81, targetPort: 9 }, { port: 82 }],
      ...more,
    },
  })
  it('are found by name', () => {
    expect(podPorts(['web', '1:web', '5'], pod)).toEqual(['8080', '1:8080', '5'])
    expect(() => podPorts(['nope'], pod)).toThrow("Pod 'p' does not have a named port 'nope'")
  })
  it('of services lead to ports of pods', () => {
    expect(servicePorts(['http', '80', '1:81', '82'], service({}), pod)).toEqual(['80:8080', '80:8080', '1:9', '82'])
    expect(servicePorts(['80'], service({ clusterIP: 'None' }), pod)).toEqual(['80'])
    expect(() => servicePorts(['7'], service({}), pod)).toThrow('Service s does not have a service port 7')
  })
})

it('addresses are told apart', () => {
  expect(parseAddresses(['localhost', '127.0.0.1'], isIP).map((a) => a.address)).toEqual(['127.0.0.1', '::1'])
  expect(() => parseAddresses(['example.com'], isIP)).toThrow('example.com is not a valid IP')
})
