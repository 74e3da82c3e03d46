// Keys, names and requests of certificates: what both the authority and those who ask it need.

import { webcrypto } from 'node:crypto'
import { loadX509 } from '../machinery/certificate-request.ts'

export const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const

interface Named {
  readonly commonName: string
  readonly organizations: readonly string[]
  readonly dnsNames?: readonly string[]
  readonly ipAddresses?: readonly string[]
}

/** A new key and a PEM request (PKCS #10) for a certificate over it. */
export async function createCertificateRequest(wanted: Named): Promise<{ pem: string; key: string }> {
  const x509 = await loadX509()
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
  const names = alternativeNames(wanted)
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: subjectOf(wanted),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : [],
  })
  return { pem: request.toString('pem'), key: await exportPrivateKey(keys.privateKey) }
}

/** Subject alternative names as the library writes them. */
export function alternativeNames({ dnsNames = [], ipAddresses = [] }: Named) {
  return [
    ...dnsNames.map((value) => ({ type: 'dns' as const, value })),
    ...ipAddresses.map((value) => ({ type: 'ip' as const, value })),
  ]
}

/** A subject as the library writes it. */
export function subjectOf(request: Named) {
  return [...request.organizations.map((o) => ({ O: [o] })), { CN: [request.commonName] }]
}

/** A random serial number. */
export function serialNumber(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16))
  // A leading zero bit keeps the number positive.
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x01
  return Buffer.from(bytes).toString('hex')
}

/** PEM (PKCS #8) of a private key. */
export async function exportPrivateKey(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)).toString('base64')
  return `-----BEGIN PRIVATE KEY-----\n${(der.match(/.{1,64}/g) ?? []).join('\n')}\n-----END PRIVATE KEY-----\n`
}

/** A private key for signing from its PEM. */
export async function importPrivateKey(pem: string): Promise<webcrypto.CryptoKey> {
  const der = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64')
  return webcrypto.subtle.importKey('pkcs8', der, ALGORITHM, false, ['sign'])
}
