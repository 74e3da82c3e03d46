import { X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { certificatesigningrequests, nodes, pods, secrets } from '../api/generated/resources.ts'
import { runControllers } from '../client/controller.ts'
import { createEventRecorder } from '../client/event-recorder.ts'
import { createHttpsClient } from '../client/https-client.ts'
import { InformerFactory } from '../client/informer.ts'
import { csrApprovingController } from '../controllers/csr-approving.ts'
import { csrSigningController } from '../controllers/csr-signing.ts'
import { systemClock } from '../machinery/clock.ts'
import { isReason } from '../machinery/errors.ts'
import { silentLogger } from '../machinery/logger.ts'
import { systemRandom } from '../machinery/random.ts'
import { AGENT_CLIENT, readPair } from './agent-certificates.ts'
import { CLIENT_CERTIFICATE, caHash, joinCluster, requestCertificate } from './join.ts'
import { createJoinToken } from './join-token.ts'
import { startTestServer, type TestServer } from './testing.ts'

let server: TestServer
let pki: string
const stop = new AbortController()
let running: Promise<void>
const signal = () => AbortSignal.timeout(10_000)
const SERVING = {
  signerName: 'kubernetes.io/kubelet-serving',
  usages: ['digital signature', 'key encipherment', 'server auth'],
}

beforeAll(async () => {
  server = await startTestServer()
  pki = mkdtempSync(join(tmpdir(), 'sampan-join-'))
  const { client } = server
  const informers = new InformerFactory({ client, clock: systemClock, log: silentLogger })
  const mayRequest = (user: { name: string; groups: readonly string[] }, subresource: string) =>
    server.server.isAllowed(user, {
      verb: 'create',
      group: 'certificates.k8s.io',
      version: 'v1',
      resource: 'certificatesigningrequests',
      subresource,
    })
  running = runControllers(
    [csrApprovingController({ mayRequest }), csrSigningController({ sign: server.signRequest })],
    {
      client,
      informers,
      clock: systemClock,
      random: systemRandom,
      log: silentLogger,
      eventsFor: (component) => createEventRecorder({ client, clock: systemClock, log: silentLogger, component }),
    },
    stop.signal,
  )
})
afterAll(async () => {
  stop.abort()
  await running
  await server.close()
  rmSync(pki, { recursive: true })
})

const joinAs = (nodeName: string, token: string, hash = caHash(server.ca)) =>
  joinCluster({
    server: server.url,
    token,
    caHash: hash,
    nodeName,
    pki,
    clock: systemClock,
    signal: signal(),
  })
const later = () => Date.now() + 60_000

function nodeClient() {
  const pair = readPair(pki, AGENT_CLIENT)
  if (!pair) throw new Error('there is no certificate')
  return createHttpsClient({ server: server.url, ca: server.ca, credentials: pair, clock: systemClock })
}

it('gives a machine with a token the certificate of a node, and the network it has to know', async () => {
  const network = await joinAs('n2', await createJoinToken(server.client, later()))
  expect(network).toEqual({ serviceCidr: '10.96.0.0/16', podCidr: '10.244.0.0/16', clusterDomain: 'cluster.local' })
  const cert = new X509Certificate(readPair(pki, AGENT_CLIENT)?.cert ?? '')
  expect(cert.subject).toBe('O=system:nodes\nCN=system:node:n2')
  expect(cert.verify(new X509Certificate(server.ca).publicKey)).toBe(true)
  const client = nodeClient()
  await client.create(nodes, {
    metadata: { name: 'n2' },
    spec: {},
    status: { addresses: [{ type: 'InternalIP', address: '10.0.0.2' }] },
  })
  // A node, and nothing more: other nodes' pods and all secrets are none of its business.
  await expect(client.list(secrets, { namespace: 'default' })).rejects.toSatisfy((e) => isReason(e, 'Forbidden'))
  await expect(client.list(pods, {})).rejects.toSatisfy((e) => isReason(e, 'Forbidden'))
  client.close()
})

it('signs the serving certificate of a node for its own name and addresses only', async () => {
  const client = nodeClient()
  const wish = { ...SERVING, nodeName: 'n2', dnsNames: [], ipAddresses: ['10.0.0.2'] }
  const own = await requestCertificate(client, wish, { signal: signal() })
  expect(new X509Certificate(own.cert).checkIP('10.0.0.2')).toBe('10.0.0.2')
  const foreign = requestCertificate(
    client,
    { ...wish, ipAddresses: ['10.0.0.1'] },
    { signal: AbortSignal.timeout(500) },
  )
  await expect(foreign).rejects.toThrow()
  const { items } = await server.client.list(certificatesigningrequests)
  const waiting = items.filter((r) => (r.status.conditions ?? []).length === 0)
  expect(waiting).toHaveLength(1)
  client.close()
})

it('does not let a node ask for the certificate of another one', async () => {
  const client = nodeClient()
  const other = requestCertificate(
    client,
    { ...CLIENT_CERTIFICATE, nodeName: 'n3' },
    { signal: AbortSignal.timeout(500) },
  )
  await expect(other).rejects.toThrow()
  client.close()
})

it('lets nobody approve or sign but who may', async () => {
  const pair = await server.certificate('jane', [])
  const jane = createHttpsClient({ server: server.url, ca: server.ca, credentials: pair, clock: systemClock })
  await expect(jane.list(certificatesigningrequests)).rejects.toSatisfy((e) => isReason(e, 'Forbidden'))
  jane.close()
})

it('refuses tokens that are unknown, expired, or offered to a server that someone else signed for', async () => {
  await expect(joinAs('n4', 'aaaaaa.0123456789abcdef')).rejects.toThrow('Unauthorized')
  await expect(joinAs('n4', await createJoinToken(server.client, Date.now() - 1))).rejects.toThrow('Unauthorized')
  const token = await createJoinToken(server.client, later())
  const [id] = token.split('.')
  await expect(joinAs('n4', `${id}.0123456789abcdef`)).rejects.toThrow('Unauthorized')
  await expect(joinAs('n4', token, `sha256:${'0'.repeat(64)}`)).rejects.toThrow('its authority has the hash')
})
