// Whether the certificate of a webhook is for the name that it was called by.

import { checkServerIdentity, type PeerCertificate } from 'node:tls'

/** Code of the error about a certificate that names nobody as one should. */
export const UNNAMED = 'CERT_WITHOUT_ALT_NAMES'

/** As Go has it: the common name is not looked at. Gives the error instead of throwing it, as Node wants it. */
export function namedCertificate(host: string, certificate: PeerCertificate): Error | undefined {
  if (certificate.subjectaltname) return checkServerIdentity(host, certificate)
  const message = certificate.subject?.CN
    ? 'x509: certificate relies on legacy Common Name field, use SANs instead'
    : `x509: certificate is not valid for any names, but wanted to match ${host}`
  return Object.assign(new Error(message), { code: UNNAMED })
}
