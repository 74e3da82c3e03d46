import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { silentLogger } from '../machinery/logger.ts'
import { systemRandom } from '../machinery/random.ts'
import { MediaType } from '../registry/manifest.ts'
import { parseReference } from '../registry/reference.ts'
import { createRegistry, type Registry } from '../registry/registry.ts'
import { once, putImage } from './image-config.ts'
import { imagePush } from './push.ts'
import { dockerCredentials, parseChallenge, registryEndpoint } from './registry-client.ts'

const BASIC = `Basic ${Buffer.from('me:se:cret').toString('base64')}`

describe('image push', () => {
  let dir = ''
  let ours: Registry
  let theirs: Registry
  let server: Server
  let endpoint = ''

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'push-'))
    ours = createRegistry({ root: join(dir, 'ours'), random: systemRandom, log: silentLogger })
    theirs = createRegistry({ root: join(dir, 'theirs'), random: systemRandom, log: silentLogger })
    // A registry that wants a token, and a token service that wants a password.
    server = createServer((request, response) => {
      const { authorization } = request.headers
      if (request.url?.startsWith('/token')) {
        response.writeHead(authorization === BASIC ? 200 : 403).end('{"token":"good"}')
      } else if (authorization !== 'Bearer good') {
        response.setHeader('WWW-Authenticate', `Bearer realm="${endpoint}/token",service="test",scope="push"`)
        response.writeHead(401).end()
      } else theirs.handler(request, response).catch((error: unknown) => response.destroy(error as Error))
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const layer = await ours.store.putBlob(once(Buffer.alloc(300_000)))
    await putImage(ours.store, {
      reference: parseReference('example.test/team/app:1'),
      config: { architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [layer.digest] } },
      layers: [{ mediaType: MediaType.ociLayer, ...layer }],
    })
  })
  afterAll(async () => {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await rm(dir, { recursive: true })
  })

  const push = (password: string, progress: (line: string) => void = () => {}) =>
    imagePush({
      store: ours.store,
      name: 'example.test/team/app:1',
      target: 'example.test/else/where:2',
      endpoint,
      credentials: { username: 'me', password },
      progress,
    })

  it('logs in, and sends only what is not there', async () => {
    const { name, digest } = await push('se:cret')
    expect(name).toBe('example.test/else/where:2')
    expect(await theirs.store.manifest('else/where', '2')).toMatchObject({ digest })
    const lines: string[] = []
    await push('se:cret', (line) => lines.push(line))
    expect(lines).toHaveLength(2)
    for (const line of lines) expect(line).toMatch(/: already there$/)
  })

  it('says why it was refused', async () => {
    await expect(push('wrong')).rejects.toThrow(/^cannot log in at 127\.0\.0\.1:\d+: 403/)
    const nowhere = { store: ours.store, name: 'example.test/team/app:1', target: 'localhost:1/x' }
    await expect(imagePush(nowhere)).rejects.toThrow('cannot reach localhost:1: ')
    await expect(imagePush({ ...nowhere, name: 'absent' })).rejects.toThrow('cannot find image "absent"')
  })
})

describe('registry client', () => {
  it('knows where a host is served', () => {
    expect(registryEndpoint('docker.io')).toBe('https://registry-1.docker.io')
    expect(registryEndpoint('gcr.io')).toBe('https://gcr.io')
    expect(registryEndpoint('localhost:5000')).toBe('http://localhost:5000')
    expect(registryEndpoint('localhost.example.com')).toBe('https://localhost.example.com')
  })

  it('reads challenges and docker credentials', () => {
    expect(parseChallenge('Basic realm="x"')).toBeUndefined()
    expect(parseChallenge('Bearer realm="https://a/t",service="s",scope="repository:x:pull,push"')).toEqual({
      realm: 'https://a/t',
      service: 's',
      scope: 'repository:x:pull,push',
    })
    const auth = Buffer.from('u:p:w').toString('base64')
    const config = JSON.stringify({ auths: { 'https://index.docker.io/v1/': { auth }, 'ghcr.io': {} } })
    expect(dockerCredentials(config, 'docker.io')).toEqual({ username: 'u', password: 'p:w' })
    expect(dockerCredentials(config, 'ghcr.io')).toBeUndefined()
  })
})
