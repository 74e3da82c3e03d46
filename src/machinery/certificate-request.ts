// Reads certificate requests (PKCS #10). Spec: RFC 2986.

import { webcrypto } from 'node:crypto'

/** What a request asks to be named. */
export interface RequestedSubject {
  readonly commonName: string
  readonly organizations: readonly string[]
  readonly dnsNames: readonly string[]
  readonly ipAddresses: readonly string[]
  readonly emails: readonly string[]
  readonly uris: readonly string[]
}

// Loading the library takes longer than anything else here, and most runs have no need of it.
export async function loadX509() {
  await import('reflect-metadata')
  const x509 = await import('@peculiar/x509')
  x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0])
  return x509
}

/** Reads a PEM request and checks that its sender holds the key. Rejects when either cannot be done. */
export async function readCertificateRequest(pem: string): Promise<RequestedSubject> {
  const x509 = await loadX509()
  const request = new x509.Pkcs10CertificateRequest(pem)
  if (!(await request.verify())) throw new Error('cannot accept the certificate request: its signature is wrong')
  const names = request.extensions.find((e) => e instanceof x509.SubjectAlternativeNameExtension)?.names.toJSON() ?? []
  const ofType = (type: string) => names.filter((n) => n.type === type).map((n) => n.value)
  return {
    commonName: request.subjectName.getField('CN')[0] ?? '',
    organizations: request.subjectName.getField('O'),
    dnsNames: ofType('dns'),
    ipAddresses: ofType('ip'),
    emails: ofType('email'),
    uris: ofType('url'),
  }
}
