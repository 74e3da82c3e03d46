// Whether the certificate of a webhook is for the name that it was called by.

import { isIP } from 'node:net'
import { checkServerIdentity, type PeerCertificate } from 'node:tls'

/** Code of the error about a certificate that does not name whom it should. */
export const UNNAMED = 'CERT_WITHOUT_ALT_NAMES'

/** As Go has it: the common name is not looked at. Gives the error instead of throwing it, as Node wants it. */
export function namedCertificate(host: string, certificate: PeerCertificate): Error | undefined {
  const { subjectaltname, subject } = certificate
  if (subjectaltname && checkServerIdentity(host, certificate) === undefined) return undefined
  const message =
    subjectaltname || !subject?.CN
      ? `x509: ${unlike(host, subjectaltname ?? '')}`
      : 'x509: certificate relies on legacy Common Name field, use SANs instead'
  return Object.assign(new Error(message), { code: UNNAMED })
}

/** Which names a certificate is for instead. Model: HostnameError of crypto/x509. */
function unlike(host: string, names: string): string {
  const prefix = isIP(host) ? 'IP Address:' : 'DNS:'
  const valid = names.split(', ').flatMap((name) => (name.startsWith(prefix) ? name.slice(prefix.length) : []))
  if (isIP(host) && valid.length === 0)
    return `cannot validate certificate for ${host} because it doesn't contain any IP SANs`
  if (valid.length > 0) return `certificate is valid for ${valid.join(', ')}, not ${host}`
  return `certificate is not valid for any names, but wanted to match ${host}`
}
