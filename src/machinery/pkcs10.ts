// Whether a text is a certificate request whose sender holds the key, or certificates.
// Reads no names: certificate-request.ts does.
// Spec: RFC 2986 (request), X.690 (DER). Wording: Go's crypto/x509 and encoding/asn1.

import { constants, createPublicKey, type KeyObject, verify, X509Certificate } from 'node:crypto'

const PEM = /-----BEGIN ([^-]+)-----([A-Za-z0-9+/=\s]*)-----END \1-----/
const SEQUENCE = 0x30
const INTEGER = 0x02
const OID = 0x06
const BIT_STRING = 0x03
const TRUNCATED = 'asn1: syntax error: data truncated'
const MISMATCH = "asn1: structure error: tags don't match"

/** Hashes by the object identifiers of signatures, in hexadecimal; null where the key says it all. */
const ALGORITHMS: ReadonlyMap<string, { readonly hash: string | null; readonly wrong: string; readonly pss?: true }> =
  new Map([
    ['2a864886f70d010105', { hash: 'sha1', wrong: 'crypto/rsa: verification error' }],
    ['2a864886f70d01010b', { hash: 'sha256', wrong: 'crypto/rsa: verification error' }],
    ['2a864886f70d01010c', { hash: 'sha384', wrong: 'crypto/rsa: verification error' }],
    ['2a864886f70d01010d', { hash: 'sha512', wrong: 'crypto/rsa: verification error' }],
    ['2a864886f70d01010a', { hash: 'sha256', wrong: 'crypto/rsa: verification error', pss: true }],
    ['2a8648ce3d0401', { hash: 'sha1', wrong: 'x509: ECDSA verification failure' }],
    ['2a8648ce3d040302', { hash: 'sha256', wrong: 'x509: ECDSA verification failure' }],
    ['2a8648ce3d040303', { hash: 'sha384', wrong: 'x509: ECDSA verification failure' }],
    ['2a8648ce3d040304', { hash: 'sha512', wrong: 'x509: ECDSA verification failure' }],
    ['2b6570', { hash: null, wrong: 'x509: Ed25519 verification failure' }],
  ])

interface Element {
  readonly tag: number
  readonly body: Buffer
  /** With tag and length. */
  readonly whole: Buffer
}

/** What is wrong with a PEM request; undefined when it is well-formed and signed with its own key. */
export function certificateRequestProblem(pem: string): string | undefined {
  const block = PEM.exec(pem)
  if (block?.[1] !== 'CERTIFICATE REQUEST') return 'PEM block type must be CERTIFICATE REQUEST'
  try {
    return signatureProblem(Buffer.from(block[2] ?? '', 'base64'))
  } catch (error) {
    if (error instanceof DerError) return error.message
    throw error
  }
}

const BLOCKS = /-----BEGIN ([^-]+)-----([^-]*)-----END \1-----/g
const BASE64 = /^[A-Za-z0-9+/=\s]*$/

/** What is wrong with certificates in PEM; undefined when all are well-formed. */
export function certificateProblem(pem: string): string | undefined {
  const blocks = [...pem.matchAll(BLOCKS)]
  for (const [, type = '', content = ''] of blocks) {
    if (type !== 'CERTIFICATE') return `only CERTIFICATE PEM blocks are allowed, found ${JSON.stringify(type)}`
    if (!BASE64.test(content)) return 'no PEM block headers are permitted'
    if (!isCertificate(Buffer.from(content, 'base64'))) return 'x509: malformed certificate'
  }
  return blocks.length === 0 ? 'must contain at least one CERTIFICATE PEM block' : undefined
}

/** What is wrong with each of the authorities in PEM, and with all together. Upstream: validateTrustBundle. */
export function trustBundleProblems(pem: string): string[] {
  const problems: string[] = []
  const entries = new Map<string, number[]>()
  const blocks = [...pem.matchAll(BLOCKS)]
  for (const [i, [, type = '', content = '']] of blocks.entries()) {
    const der = Buffer.from(content, 'base64')
    if (type !== 'CERTIFICATE') problems.push(`entry ${i} has bad block type: ${type}`)
    else if (content.includes(':')) problems.push(`entry ${i} has PEM block headers`)
    else if (!isCertificate(der)) problems.push(`entry ${i} does not parse as X.509`)
    else if (!new X509Certificate(der).ca) problems.push(`entry ${i} does not have the CA bit set`)
    else entries.set(der.toString('hex'), [...(entries.get(der.toString('hex')) ?? []), i])
  }
  if (problems.length > 0) return problems
  if (blocks.length === 0) return ['at least one trust anchor must be provided']
  return [...entries.values()]
    .filter((indices) => indices.length > 1)
    .map((indices) => `duplicate trust anchor (indices [${indices.join(' ')}])`)
}

const CURVES = ['prime256v1', 'secp384r1', 'secp521r1']
const RSA_SIZES = [3072, 4096]

/**
 * What is wrong with a request in DER of which only the key counts; `value` is what is wrong where it can be told.
 * Upstream: validateStubPKCS10Request.
 */
export function stubRequestProblem(der: Buffer): { readonly value?: string; readonly message: string } | undefined {
  try {
    const problem = keyProblem(requestKey(der), 'elliptic public keys must use curve P256, P384, or P521')
    if (problem) return problem
    return signatureProblem(der) === undefined ? undefined : { message: 'invalid signature' }
  } catch (error) {
    if (error instanceof DerError) return { message: 'must be a valid PKCS#10 CSR' }
    throw error
  }
}

/** Whether a certificate is for the key of a request, or for the one that was sent alone. */
export function isKeyOfRequest(
  { publicKey }: X509Certificate,
  request: { readonly stubPKCS10Request?: string | null; readonly pkixPublicKey?: string | null },
): boolean {
  const stub = request.stubPKCS10Request
  const key = stub
    ? requestKey(Buffer.from(stub, 'base64'))
    : publicKeyOf(Buffer.from(request.pkixPublicKey ?? '', 'base64'))
  return key.equals(publicKey)
}

/** What is wrong with a key that comes with a signature of `text`. Upstream: validateDeprecatedPKIXPublicKey. */
export function ownKeyProblem(
  der: Buffer,
  proof: Buffer,
  text: string,
): { readonly of: 'key' | 'proof'; readonly value?: string; readonly message: string } | undefined {
  let key: ReturnType<typeof publicKeyOf>
  try {
    key = publicKeyOf(der)
  } catch (error) {
    if (!(error instanceof DerError)) throw error
    return { of: 'key', value: der.toString('base64'), message: 'must be a valid PKIX-serialized public key' }
  }
  const { asymmetricKeyType: type, asymmetricKeyDetails: details = {} } = key
  const problem = keyProblem(key, 'elliptic public keys must use curve P256 or P384')
  if (problem) return { of: 'key', value: der.toString('base64'), ...problem }
  const padding = { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO }
  const signer = type === 'rsa' && details.modulusLength ? { key, ...padding } : key
  if (verify(type === 'ed25519' ? null : 'sha256', Buffer.from(text), signer, proof)) return undefined
  return { of: 'proof', message: 'could not verify proof-of-possession signature' }
}

function keyProblem({ asymmetricKeyType: type, asymmetricKeyDetails: details = {} }: KeyObject, curves: string) {
  const { namedCurve = '', modulusLength = 0 } = details
  if (type === 'ec' && !CURVES.includes(namedCurve)) {
    return { value: `curve ${namedCurve === 'secp224r1' ? 'P-224' : namedCurve}`, message: curves }
  }
  if (type === 'rsa' && !RSA_SIZES.includes(modulusLength)) {
    return { value: `${modulusLength}-bit modulus`, message: 'RSA keys must have modulus size 3072 or 4096' }
  }
  if (type === 'ec' || type === 'rsa' || type === 'ed25519') return undefined
  return { message: 'unknown public key type; supported types are Ed25519, ECDSA, and RSA' }
}

function requestKey(der: Buffer) {
  const [request] = elements(der)
  const [info] = elements(expect(request, SEQUENCE).body)
  const [, , key] = elements(expect(info, SEQUENCE).body)
  return publicKeyOf(expect(key, SEQUENCE).whole)
}

function isCertificate(der: Buffer): boolean {
  try {
    return new X509Certificate(der).raw.length > 0
  } catch {
    return false
  }
}

class DerError extends Error {}

function signatureProblem(der: Buffer): string | undefined {
  if (der.length === 0) throw new DerError('asn1: syntax error: sequence truncated')
  const [request, ...trailing] = elements(der)
  if (trailing.length > 0) throw new DerError('asn1: syntax error: trailing data')
  const [info, algorithm, signature] = elements(expect(request, SEQUENCE).body)
  const [version, subject, key] = elements(expect(info, SEQUENCE).body)
  expect(version, INTEGER)
  expect(subject, SEQUENCE)
  const [identifier] = elements(expect(algorithm, SEQUENCE).body)
  const known = ALGORITHMS.get(expect(identifier, OID).body.toString('hex'))
  // The first octet of a bit string counts the bits that are unused.
  const bits = expect(signature, BIT_STRING).body.subarray(1)
  const spki = expect(key, SEQUENCE).whole
  if (!known) return 'x509: cannot verify signature: algorithm unimplemented'
  const publicKey = publicKeyOf(spki)
  const padding = known.pss ? { padding: constants.RSA_PKCS1_PSS_PADDING } : {}
  return verify(known.hash, expect(info, SEQUENCE).whole, { key: publicKey, ...padding }, bits)
    ? undefined
    : known.wrong
}

function publicKeyOf(spki: Buffer) {
  try {
    return createPublicKey({ key: spki, format: 'der', type: 'spki' })
  } catch (cause) {
    throw new DerError('x509: failed to parse public key', { cause })
  }
}

function expect(element: Element | undefined, tag: number): Element {
  if (!element) throw new DerError('asn1: syntax error: sequence truncated')
  if (element.tag !== tag) throw new DerError(MISMATCH)
  return element
}

/** The elements that follow one another in DER. */
function elements(der: Buffer): Element[] {
  const found: Element[] = []
  let at = 0
  while (at < der.length) {
    const start = at
    const tag = der[at] ?? 0
    let length = der[at + 1]
    if (length === undefined) throw new DerError(TRUNCATED)
    at += 2
    if (length >= 0x80) {
      const size = length & 0x7f
      if (size === 0 || size > 4) throw new DerError('asn1: structure error: length too large')
      length = der.subarray(at, at + size).reduce((value, byte) => value * 256 + byte, 0)
      at += size
    }
    if (at + length > der.length) throw new DerError(TRUNCATED)
    found.push({ tag, body: der.subarray(at, at + length), whole: der.subarray(start, at + length) })
    at += length
  }
  return found
}
