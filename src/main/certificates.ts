// The cluster's own certificate authority and the certificates it gives out. Made once, kept as PEM files (0600).
// Spec: https://kubernetes.io/docs/setup/best-practices/certificates/

import { webcrypto } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

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
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const

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
    const names = [
      ...(request.dnsNames ?? []).map((value) => ({ type: 'dns' as const, value })),
      ...(request.ipAddresses ?? []).map((value) => ({ type: 'ip' as const, value })),
    ]
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

// Loading the library takes longer than anything else here, and a restart has no need of it.
async function loadX509() {
  await import('reflect-metadata')
  const x509 = await import('@peculiar/x509')
  x509.cryptoProvider.set(webcrypto as unknown as Parameters<typeof x509.cryptoProvider.set>[0])
  return x509
}

function subjectOf(request: LeafRequest) {
  return [...request.organizations.map((o) => ({ O: [o] })), { CN: [request.commonName] }]
}

function serialNumber(): string {
  const bytes = webcrypto.getRandomValues(new Uint8Array(16))
  // A leading zero bit keeps the number positive.
  bytes[0] = ((bytes[0] ?? 0) & 0x7f) | 0x01
  return Buffer.from(bytes).toString('hex')
}

async function exportPrivateKey(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key)).toString('base64')
  return `-----BEGIN PRIVATE KEY-----\n${(der.match(/.{1,64}/g) ?? []).join('\n')}\n-----END PRIVATE KEY-----\n`
}

async function importPrivateKey(pem: string): Promise<webcrypto.CryptoKey> {
  const der = Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ''), 'base64')
  return webcrypto.subtle.importKey('pkcs8', der, ALGORITHM, false, ['sign'])
}
