// Who issues the tokens of service accounts: under which names, for whom, and with which key.

import { createPrivateKey, generateKeyPairSync } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createTokenIssuer, type TokenIssuer } from '../apiserver/authentication/service-account-tokens.ts'
import type { Registry } from '../apiserver/registry/registry.ts'
import type { Clock } from '../machinery/clock.ts'
import type { Random } from '../machinery/random.ts'
import type { ApiServerSettings } from './api-server-settings.ts'

export interface IssuerSetup {
  readonly settings?: Pick<ApiServerSettings, 'serviceAccounts'>
  readonly clusterDomain: string
  /** Directory of the cluster's keys. */
  readonly pki: string
  readonly clock: Clock
  readonly random: Random
}

/** The issuer with the names it goes by, the first of which is in new tokens, and whom its tokens are for. */
export interface StartedIssuer {
  readonly issuer: TokenIssuer
  readonly issuers: readonly [string, ...string[]]
  readonly audiences: readonly string[]
}

/** Makes the issuer that the settings ask for, and the key of the cluster if there is none. */
export function startTokenIssuer(setup: IssuerSetup, registry: Registry): StartedIssuer {
  const { clock, random } = setup
  const { serviceAccounts } = setup.settings ?? {}
  const [first = `https://kubernetes.default.svc.${setup.clusterDomain}`, ...others] = serviceAccounts?.issuers ?? []
  const issuers: StartedIssuer['issuers'] = [first, ...others]
  const audiences = serviceAccounts?.audiences.length ? serviceAccounts.audiences : issuers
  const issuer = createTokenIssuer({
    registry,
    clock,
    random,
    privateKey: serviceAccounts?.signingKey ?? createPrivateKey(signingKey(setup.pki)),
    acceptedKeys: serviceAccounts?.acceptedKeys ?? [],
    issuers,
    audiences,
  })
  return { issuer, issuers, audiences }
}

export const SIGNING_KEY = 'service-account.key'

/** The key that signs service-account tokens, made once. */
function signingKey(pki: string): string {
  const file = join(pki, SIGNING_KEY)
  if (!existsSync(file)) {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
    writeFileSync(file, privateKey.export({ type: 'pkcs8', format: 'pem' }), { mode: 0o600 })
  }
  return readFileSync(file, 'utf8')
}
