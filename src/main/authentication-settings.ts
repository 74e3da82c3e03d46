// The flags that say who is believed about who a request is from.

import { readFileSync } from 'node:fs'
import type { AuthenticationSettings } from '../apiserver/authentication/configured.ts'
import type { AuthenticationConfig, JwtIssuer } from '../apiserver/authentication/jwt/configuration.ts'
import { ALGORITHMS } from '../apiserver/authentication/jwt/signature.ts'
import type { RequestHeaderOptions } from '../apiserver/authentication/request-header.ts'
import { parseTokenFile } from '../apiserver/authentication/token-file.ts'
import type { TokenWebhookSettings } from '../apiserver/authentication/token-webhook.ts'
import { durationIn } from './authorization-settings.ts'
import { readWebhookEndpoint } from './webhook-kubeconfig.ts'

type Flags = Readonly<Record<string, string>>

const flag = (name: string, description: string, file = false) => ({ name, file, description })

export const authenticationFlags = [
  flag('token-auth-file', 'File of static tokens: lines of token,user,uid,"group1,group2"', true),
  flag('authentication-config', 'AuthenticationConfiguration: issuers of tokens, and what is open to anyone', true),
  flag('anonymous-auth', 'Whether requests without credentials are served, as system:anonymous (true)'),
  flag('oidc-issuer-url', 'URL of an OpenID Connect provider whose tokens are believed'),
  flag('oidc-client-id', 'Client that the tokens must be for'),
  flag('oidc-username-claim', 'Claim that is the name of the user (sub)'),
  flag('oidc-username-prefix', 'What is put before the name (the issuer and #, unless the claim is email; -: nothing)'),
  flag('oidc-groups-claim', 'Claim that has the groups of the user'),
  flag('oidc-groups-prefix', 'What is put before each group'),
  flag('oidc-required-claim', 'Claims that must be there, as KEY=VALUE with commas between them'),
  flag('oidc-signing-algs', 'Algorithms that tokens may be signed with, with commas between them (RS256)'),
  flag('oidc-ca-file', 'Certificates that the provider is believed by', true),
  flag('requestheader-client-ca-file', 'Certificates of those who sign for authenticating proxies', true),
  flag('requestheader-allowed-names', 'Common names of proxies, with commas between them (any)'),
  flag('requestheader-username-headers', 'Headers that name the user (X-Remote-User)'),
  flag('requestheader-uid-headers', 'Headers that have the uid of the user (X-Remote-Uid)'),
  flag('requestheader-group-headers', 'Headers that name groups (X-Remote-Group)'),
  flag('requestheader-extra-headers-prefix', 'How headers with more about the user begin (X-Remote-Extra-)'),
  flag('authentication-token-webhook-config-file', 'Kubeconfig that says where a webhook is that knows tokens', true),
  flag('authentication-token-webhook-version', 'Version of the TokenReviews that the webhook gets (v1beta1)'),
  flag('authentication-token-webhook-cache-ttl', 'How long the answers of the webhook are remembered (2m0s)'),
] as const

/**
 * Reads what these flags name; `read` reads the file of a flag, `parse` the text of a configuration. Throws an Error that
 * says which one is wrong.
 */
export function readAuthentication(
  flags: Flags,
  {
    read,
    parse,
  }: {
    read: <T>(name: string, parse: (text: string) => T) => T | undefined
    parse: (text: string) => AuthenticationConfig
  },
): AuthenticationSettings {
  const tokens = read('token-auth-file', parseTokenFile)
  const config = read('authentication-config', parse)
  const oidc = oidcIssuerOf(flags)
  if (config && Object.keys(flags).some((name) => name.startsWith('oidc-'))) {
    throw new Error('authentication-config file and oidc-* flags are mutually exclusive')
  }
  if (config?.anonymous && flags['anonymous-auth']) {
    throw new Error(
      '--anonymous-auth flag cannot be set when anonymous field is configured in authentication configuration file',
    )
  }
  const given = flags['anonymous-auth'] || 'true'
  if (given !== 'true' && given !== 'false') {
    throw new Error(`--anonymous-auth ${JSON.stringify(given)} must be true or false`)
  }
  const anonymous = config?.anonymous ?? (given === 'false' ? { enabled: false, paths: [] } : undefined)
  const requestHeader = requestHeaderOf(flags)
  const webhook = webhookOf(flags)
  return {
    issuers: [...(config?.issuers ?? []), ...(oidc ? [oidc] : [])],
    ...(tokens ? { tokens } : {}),
    ...(requestHeader ? { requestHeader } : {}),
    ...(anonymous ? { anonymous } : {}),
    ...(webhook ? { webhook } : {}),
  }
}

function webhookOf(flags: Flags): TokenWebhookSettings | undefined {
  const path = flags['authentication-token-webhook-config-file']
  if (!path) return undefined
  const version = flags['authentication-token-webhook-version'] || 'v1beta1'
  if (version !== 'v1' && version !== 'v1beta1') {
    throw new Error(
      `unsupported authentication webhook version ${JSON.stringify(version)}, supported versions are "v1", "v1beta1"`,
    )
  }
  const cacheTtlMs = durationIn(flags, 'authentication-token-webhook-cache-ttl', '2m0s')
  try {
    return { endpoint: readWebhookEndpoint(path), version, cacheTtlMs }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new Error(`cannot use --authentication-token-webhook-config-file=${path}: ${why}`, { cause })
  }
}

function listIn(text: string | undefined): string[] {
  return (text ?? '').split(',').flatMap((part) => (part.trim() === '' ? [] : [part.trim()]))
}

function oidcIssuerOf(flags: Flags): JwtIssuer | undefined {
  const url = flags['oidc-issuer-url'] ?? ''
  const client = flags['oidc-client-id'] ?? ''
  if ((url === '') !== (client === '')) throw new Error('oidc-issuer-url and oidc-client-id must be specified together')
  if (url === '') return undefined
  if (!URL.canParse(url) || new URL(url).protocol !== 'https:') {
    throw new Error(`oidc-issuer-url: Invalid value: ${JSON.stringify(url)}: URL scheme must be https`)
  }
  const claim = flags['oidc-username-claim'] || 'sub'
  const prefix = flags['oidc-username-prefix'] || (claim === 'email' ? '' : `${url}#`)
  const algorithms = listIn(flags['oidc-signing-algs'] || 'RS256')
  for (const algorithm of algorithms) {
    if ((ALGORITHMS as readonly string[]).includes(algorithm)) continue
    throw new Error(
      `oidc-signing-algs: Unsupported value: ${JSON.stringify(algorithm)}: supported values: ${ALGORITHMS.join(', ')}`,
    )
  }
  const groups = flags['oidc-groups-claim']
  const ca = flags['oidc-ca-file']
  return {
    url,
    ...(ca ? { certificateAuthority: readFileSync(ca, 'utf8') } : {}),
    audiences: [client],
    algorithms,
    username: { claim, prefix: prefix === '-' ? '' : prefix },
    ...(groups ? { groups: { claim: groups, prefix: flags['oidc-groups-prefix'] ?? '' } } : {}),
    extra: [],
    requiredClaims: listIn(flags['oidc-required-claim']).map((pair) => {
      const [key = '', ...value] = pair.split('=')
      return { claim: key, value: value.join('=') }
    }),
    claimRules: [],
    userRules: [],
  }
}

function requestHeaderOf(flags: Flags): RequestHeaderOptions | undefined {
  const path = flags['requestheader-client-ca-file']
  if (!path) return undefined
  return {
    clientCa: readFileSync(path, 'utf8'),
    allowedNames: listIn(flags['requestheader-allowed-names']),
    usernameHeaders: listIn(flags['requestheader-username-headers'] || 'X-Remote-User'),
    uidHeaders: listIn(flags['requestheader-uid-headers'] || 'X-Remote-Uid'),
    groupHeaders: listIn(flags['requestheader-group-headers'] || 'X-Remote-Group'),
    extraHeaderPrefixes: listIn(flags['requestheader-extra-headers-prefix'] || 'X-Remote-Extra-'),
  }
}
