import { X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { CertificateAuthority } from './certificates.ts'

let dir: string
let now = Date.UTC(2026, 0, 1)
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'sampan-ca-'))
})
afterEach(() => rmSync(dir, { recursive: true }))

it('signs certificates that name their bearer, keeps them, and renews them in time', async () => {
  const ca = await CertificateAuthority.open({ dir, name: 'ca', now: () => now })
  const request = {
    commonName: 'system:node:n1',
    organizations: ['system:nodes'],
    usage: 'both',
    dnsNames: ['n1'],
    ipAddresses: ['10.0.0.1'],
  } as const
  const leaf = await ca.leaf('kubelet', request)
  const cert = new X509Certificate(leaf.cert)
  expect(cert.subject).toContain('CN=system:node:n1')
  expect(cert.subject).toContain('O=system:nodes')
  expect(cert.subjectAltName).toContain('IP Address:10.0.0.1')
  expect(cert.verify(new X509Certificate(ca.certificate).publicKey)).toBe(true)
  expect(statSync(join(dir, 'kubelet.key')).mode & 0o777).toBe(0o600)
  const again = await CertificateAuthority.open({ dir, name: 'ca', now: () => now })
  expect((await again.leaf('kubelet', request)).cert).toBe(leaf.cert)
  expect((await again.leaf('kubelet', { ...request, ipAddresses: ['10.0.0.2'] })).cert).not.toBe(leaf.cert)
  now += 300 * 86_400_000
  expect((await again.leaf('kubelet', { ...request, ipAddresses: ['10.0.0.2'] })).cert).not.toBe(leaf.cert)
})
