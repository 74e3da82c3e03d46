import { expect, it } from 'vitest'
import { apiServerFlags } from './api-server-settings.ts'
import { flagValues } from './flag-values.ts'

it('knows what every flag is set to that is not given', () => {
  const own = {
    'service-account-issuer': 'https://a',
    'service-account-signing-key-file': '/k',
    'service-cluster-ip-range': '10.0.0.0/16',
  }
  const values = flagValues({}, own)
  expect(apiServerFlags.map(({ name }) => name).filter((name) => !(name in values))).toEqual([])
  expect(values).toMatchObject({ 'service-account-issuer': '[https://a]', 'authorization-mode': '[Node,RBAC]' })
})

const cases: readonly [name: string, given: string, shown: string][] = [
  ['authorization-mode', 'RBAC,Webhook', '[RBAC,Webhook]'],
  ['event-ttl', '90m', '1h30m0s'],
  ['request-timeout', '75s', '1m15s'],
  ['shutdown-delay-duration', '0.5s', '500ms'],
  ['audit-log-maxage', '3', '3'],
  ['goaway-chance', '0.01', '0.01'],
  ['feature-gates', 'A=true', 'A=true'],
  ['oidc-username-claim', '', 'sub'],
]
it.each(cases)('--%s=%s is shown as upstream does', (name, given, shown) => {
  expect(flagValues({ [name]: given }, {})[name]).toBe(shown)
})
