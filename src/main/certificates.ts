// The cluster's own certificate authority and the certificates it gives out. Made once, kept as PEM files (0600).
// Spec: https://kubernetes.io/docs/setup/best-practices/certificates/

import { webcrypto } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadX509, readCertificateRequest } from '../machinery/certificate-request.ts'
import {
  ALGORITHM,
  alternativeNames,
  exportPrivateKey,
  importPrivateKey,
  serialNumber,
  subjectOf,
} from './certificate-signing.ts'

/** A certificate and its key as PEM. */
export interface KeyPair {
  readonly cert: string
  readonly key: string
}

export interface LeafRequest {
  readonly commonName: string
  readonly organizations: readonly string[]
  readonly usage: 'client' | 'server' | 'both'
  readonly dnsNames?: readonly string[]
  readonly ipAddresses?: readonly string[]
}

const DAY_MS = 86_400_000
const CA_DAYS = 3650
const LEAF_DAYS = 365

/** Who the server is to servers of other APIs. */
export const PROXY_CLIENT: LeafRequest = { commonName: 'front-proxy-client', organizations: [], usage: 'client' }

/** A certificate authority kept in a directory. */
export class CertificateAuthority {
  readonly #dir: string
  readonly #name: string
  readonly #now: () => number

  private constructor(dir: string, name: string, now: () => number) {
    this.#dir = dir
    this.#name = name
    this.#now = now
  }

  /** Opens the authority `name` in `dir`, making it on first use. */
  static async open(options: { dir: string; name: string; now: () => number }): Promise<CertificateAuthority> {
    const ca = new CertificateAuthority(options.dir, options.name, options.now)
    mkdirSync(options.dir, { recursive: true, mode: 0o700 })
    if (!existsSync(ca.#file('crt'))) await ca.#create()
    return ca
  }

  /** PEM of the authority's certificate. */
  get certificate(): string {
    return readFileSync(this.#file('crt'), 'utf8')
  }

  /**
   * The certificate called `name`, made on first use and again when it runs out within 90 days or was made for
   * another request (other names or addresses).
   */
  async leaf(name: string, request: LeafRequest): Promise<KeyPair> {
    const certFile = join(this.#dir, `${name}.crt`)
    const keyFile = join(this.#dir, `${name}.key`)
    const stampFile = join(this.#dir, `${name}.json`)
    const stamp = { request, expires: 0 }
    if (existsSync(stampFile) && existsSync(certFile) && existsSync(keyFile)) {
      const kept = JSON.parse(readFileSync(stampFile, 'utf8')) as typeof stamp
      const fresh = kept.expires - this.#now() > 90 * DAY_MS
      if (fresh && JSON.stringify(kept.request) === JSON.stringify(request)) {
        return { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') }
      }
    }
    const made = await this.sign(request)
    writeFileSync(keyFile, made.key, { mode: 0o600 })
    writeFileSync(certFile, made.cert, { mode: 0o600 })
    writeFileSync(stampFile, JSON.stringify({ request, expires: this.#now() + LEAF_DAYS * DAY_MS }), { mode: 0o600 })
    return made
  }

  /** Makes a key and a certificate for it, and keeps neither. */
  async sign(request: LeafRequest): Promise<KeyPair> {
    const x509 = await loadX509()
    const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
    const issuer = new x509.X509Certificate(this.certificate)
    const signingKey = await importPrivateKey(readFileSync(this.#file('key'), 'utf8'))
    const names = alternativeNames(request)
    const usages = [
      ...(request.usage === 'client' ? [] : [x509.ExtendedKeyUsage.serverAuth]),
      ...(request.usage === 'server' ? [] : [x509.ExtendedKeyUsage.clientAuth]),
    ]
    const cert = await x509.X509CertificateGenerator.create({
      serialNumber: serialNumber(),
      subject: subjectOf(request),
      issuer: issuer.subject,
      notBefore: new Date(this.#now() - 60_000),
      notAfter: new Date(this.#now() + LEAF_DAYS * DAY_MS),
      signingAlgorithm: ALGORITHM,
      publicKey: keys.publicKey,
      signingKey,
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment, true),
        new x509.ExtendedKeyUsageExtension(usages),
        ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
      ],
    })
    return { cert: cert.toString('pem'), key: await exportPrivateKey(keys.privateKey) }
  }

  /** Signs someone else's request: subject, names and key are the request's, usages and lifetime are given. */
  async signRequest(options: { pem: string; usages: readonly string[]; seconds?: number }): Promise<string> {
    const x509 = await loadX509()
    await readCertificateRequest(options.pem)
    const request = new x509.Pkcs10CertificateRequest(options.pem)
    const names = request.extensions.find((e) => e instanceof x509.SubjectAlternativeNameExtension)
    const lifetime = Math.min((options.seconds ?? LEAF_DAYS * 86_400) * 1000, LEAF_DAYS * DAY_MS)
    const has = (usage: string) => options.usages.includes(usage)
    const flags =
      (has('digital signature') ? x509.KeyUsageFlags.digitalSignature : 0) |
      (has('key encipherment') ? x509.KeyUsageFlags.keyEncipherment : 0)
    const cert = await x509.X509CertificateGenerator.create({
      serialNumber: serialNumber(),
      subject: request.subjectName.toString(),
      issuer: new x509.X509Certificate(this.certificate).subject,
      notBefore: new Date(this.#now() - 60_000),
      notAfter: new Date(this.#now() + lifetime),
      signingAlgorithm: ALGORITHM,
      publicKey: request.publicKey,
      signingKey: await importPrivateKey(readFileSync(this.#file('key'), 'utf8')),
      extensions: [
        new x509.BasicConstraintsExtension(false, undefined, true),
        new x509.KeyUsagesExtension(flags, true),
        new x509.ExtendedKeyUsageExtension([
          ...(has('server auth') ? [x509.ExtendedKeyUsage.serverAuth] : []),
          ...(has('client auth') ? [x509.ExtendedKeyUsage.clientAuth] : []),
        ]),
        ...(names ? [new x509.SubjectAlternativeNameExtension(names.rawData)] : []),
      ],
    })
    return cert.toString('pem')
  }

  #file(extension: 'crt' | 'key'): string {
    return join(this.#dir, `${this.#name}.${extension}`)
  }

  async #create(): Promise<void> {
    const x509 = await loadX509()
    const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify'])
    const cert = await x509.X509CertificateGenerator.createSelfSigned({
      serialNumber: serialNumber(),
      name: [{ CN: [this.#name === 'ca' ? 'sampan-ca' : `sampan-${this.#name}`] }],
      notBefore: new Date(this.#now() - 60_000),
      notAfter: new Date(this.#now() + CA_DAYS * DAY_MS),
      signingAlgorithm: ALGORITHM,
      keys,
      extensions: [
        new x509.BasicConstraintsExtension(true, undefined, true),
        new x509.KeyUsagesExtension(
          x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign | x509.KeyUsageFlags.digitalSignature,
          true,
        ),
        await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      ],
    })
    writeFileSync(this.#file('key'), await exportPrivateKey(keys.privateKey), { mode: 0o600 })
    writeFileSync(this.#file('crt'), cert.toString('pem'), { mode: 0o600 })
  }
}
