// What the certificate of a connection proves: who speaks, or which proxy speaks for others.

import { createHash, X509Certificate } from 'node:crypto'
import type { Socket } from 'node:net'
import { type DetailedPeerCertificate, TLSSocket } from 'node:tls'
import type { Credentials } from '../authentication/authenticator.ts'

/** The authorities' certificates (PEM): for clients, and for proxies if there are any. */
export interface ClientAuthorities {
  readonly clientCa: string
  readonly proxyCa?: string
}

/** What the certificate of a connection proves. */
type Identity = Pick<Credentials, 'certificate' | 'proxyName'>
const UNKNOWN: Identity = { certificate: undefined, proxyName: undefined }

/** Where a certificate says the UID of its user. */
const UID_OID = '1.3.6.1.4.1.57683.2'
const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g
const certificates = new WeakMap<object, Identity>()

/** What the verified client certificate of a connection proves; read once per connection. */
export function identityOf(socket: Socket, tls: ClientAuthorities): Identity {
  const known = certificates.get(socket)
  if (known) return known
  const read = readIdentity(socket, tls)
  certificates.set(socket, read)
  return read
}

function readIdentity(socket: Socket, { proxyCa }: ClientAuthorities): Identity {
  if (!(socket instanceof TLSSocket)) return UNKNOWN
  // An empty certificate is how Node says that the client sent none.
  const certificate = socket.getPeerCertificate(proxyCa !== undefined)
  const subject = certificate?.subject as Readonly<Record<string, string | string[]>> | undefined
  if (!subject || !socket.authorized) return UNKNOWN
  const { CN = '', O = [], [UID_OID]: uids = [] } = subject
  const commonName = typeof CN === 'string' ? CN : (CN.at(-1) ?? '')
  // Who signs for proxies signs for nobody else, and the other way round.
  if (proxyCa !== undefined && isSignedFor(proxyCa, certificate as DetailedPeerCertificate)) {
    return { certificate: undefined, proxyName: commonName }
  }
  const organizations = listOf(O)
  const fingerprint = createHash('sha256').update(certificate.raw).digest('hex')
  const expires = Date.parse(certificate.valid_to)
  return {
    certificate: { commonName, organizations, expires, fingerprint, uids: listOf(uids) },
    proxyName: undefined,
  }
}

const listOf = (value: string | string[]) => (typeof value === 'string' ? [value] : value)

/** Whether one of these authorities is at the end of a certificate's chain. */
function isSignedFor(authorities: string, certificate: DetailedPeerCertificate): boolean {
  const known = new Set((authorities.match(PEM) ?? []).map((pem) => new X509Certificate(pem).fingerprint256))
  const seen = new Set<string>()
  for (let at = certificate; at && !seen.has(at.fingerprint256); at = at.issuerCertificate) {
    if (known.has(at.fingerprint256)) return true
    seen.add(at.fingerprint256)
  }
  return false
}
