import type { PeerCertificate } from 'node:tls'
import { expect, it } from 'vitest'
import { namedCertificate, UNNAMED } from './webhook-identity.ts'

const certificate = (more: Partial<PeerCertificate>) => ({ subject: {}, ...more }) as PeerCertificate

it('looks at alternative names, and never at the common name', () => {
  const named = certificate({ subjectaltname: 'DNS:hook.ns.svc', subject: { CN: 'other' } as never })
  expect(namedCertificate('hook.ns.svc', named)).toBeUndefined()
  expect(namedCertificate('other', named)).toMatchObject({
    code: UNNAMED,
    message: 'x509: certificate is valid for hook.ns.svc, not other',
  })
  expect(namedCertificate('other', certificate({ subject: { CN: 'other' } as never }))).toMatchObject({
    code: UNNAMED,
    message: 'x509: certificate relies on legacy Common Name field, use SANs instead',
  })
  expect(namedCertificate('other', certificate({}))?.message).toBe(
    'x509: certificate is not valid for any names, but wanted to match other',
  )
  expect(namedCertificate('10.0.0.1', named)?.message).toBe(
    "x509: cannot validate certificate for 10.0.0.1 because it doesn't contain any IP SANs",
  )
})
