// Whether a certificate and a private key belong together, in the words of Go's crypto/tls.
// Spec: https://pkg.go.dev/crypto/tls#X509KeyPair

import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto'

const BLOCK = /-----BEGIN ([^\n-]+)-----\r?\n[\s\S]*?-----END \1-----/g

interface Block {
  readonly type: string
  readonly text: string
}

const blocksOf = (pem: string): Block[] => [...pem.matchAll(BLOCK)].map(([text, type = '']) => ({ type, text }))
const isKey = ({ type }: Block) => type === 'PRIVATE KEY' || type.endsWith(' PRIVATE KEY')

/** What is wrong with them; undefined where nothing is. */
export function keyPairProblem(cert: string, key: string): string | undefined {
  const certificates = blocksOf(cert)
  const first = certificates.find(({ type }) => type === 'CERTIFICATE')
  if (!first) {
    if (certificates.length === 0) return 'tls: failed to find any PEM data in certificate input'
    const [only] = certificates
    if (certificates.length === 1 && only?.type.endsWith('PRIVATE KEY')) {
      return 'tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched'
    }
    return `tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the following types: ${typesOf(certificates)}`
  }
  const keys = blocksOf(key)
  const found = keys.find(isKey)
  if (!found) {
    if (keys.length === 0) return 'tls: failed to find any PEM data in key input'
    if (keys.length === 1 && keys[0]?.type === 'CERTIFICATE') {
      return 'tls: found a certificate rather than a key in the PEM for the private key'
    }
    return `tls: failed to find PEM block with type ending in "PRIVATE KEY" in key input after skipping PEM blocks of the following types: ${typesOf(keys)}`
  }
  const certified = read(() => new X509Certificate(first.text).publicKey)
  if (!certified) return 'x509: malformed certificate'
  const own = read(() => createPublicKey(createPrivateKey(found.text)))
  if (!own) return 'tls: failed to parse private key'
  if (own.asymmetricKeyType !== certified.asymmetricKeyType)
    return 'tls: private key type does not match public key type'
  return own.equals(certified) ? undefined : 'tls: private key does not match public key'
}

const typesOf = (blocks: readonly Block[]) => `[${blocks.map(({ type }) => type).join(' ')}]`

/** What cannot be read is no key. */
function read(make: () => KeyObject): KeyObject | undefined {
  try {
    return make()
  } catch {
    return undefined
  }
}
