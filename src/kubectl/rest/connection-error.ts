// What kubectl says when no server answers, in the words of Go's network stack.

import { ConnectionError } from '../errors.ts'

/** Turns what Node reports into what the user reads. */
export function connectionError(url: URL, error: unknown): ConnectionError {
  const code = codeOf(error)
  const host = url.host
  return new ConnectionError({ host, refused: code === 'ECONNREFUSED', message: wording(url, code, error) }, error)
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException)?.code ?? ''
}

function wording(url: URL, code: string, error: unknown): string {
  switch (code) {
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `dial tcp: lookup ${url.hostname}: no such host`
    case 'ETIMEDOUT':
      return 'net/http: request canceled (Client.Timeout exceeded while awaiting headers)'
    case 'EHOSTUNREACH':
      return `dial tcp ${url.host}: connect: no route to host`
    case 'ENETUNREACH':
      return `dial tcp ${url.host}: connect: network is unreachable`
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
      return 'tls: failed to verify certificate: x509: certificate signed by unknown authority'
    case 'CERT_HAS_EXPIRED':
      return 'tls: failed to verify certificate: x509: certificate has expired or is not yet valid'
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `tls: failed to verify certificate: x509: certificate is not valid for ${url.hostname}`
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
    case 'EPROTO':
      return 'http: server gave HTTP response to HTTPS client'
    case 'ECONNRESET':
      return 'EOF'
    default:
      return error instanceof Error ? error.message || code : String(error)
  }
}
