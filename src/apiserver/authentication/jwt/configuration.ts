// Which issuers of tokens are trusted and how their claims become users: an AuthenticationConfiguration, read and checked.
// Spec: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#using-authentication-configuration

import { aggregated } from '../../../machinery/aggregated.ts'
import { parseFirstYaml, YamlError } from '../../../machinery/yaml.ts'
import { isRecord } from '../../api-object.ts'
import { ConfigurationReader } from './configuration-reader.ts'
import type { ClaimExpression, UserExpression } from './expressions.ts'

/** A claim taken as it is, or what an expression makes of all claims. */
export type ClaimSource =
  | { readonly claim: string; readonly prefix: string; readonly expression?: undefined }
  | { readonly expression: ClaimExpression }

export interface JwtIssuer {
  readonly url: string
  readonly discoveryUrl?: string
  readonly certificateAuthority?: string
  readonly audiences: readonly string[]
  readonly algorithms: readonly string[]
  readonly username: ClaimSource
  readonly groups?: ClaimSource
  readonly uid?: ClaimSource
  readonly extra: readonly { readonly key: string; readonly value: ClaimExpression }[]
  readonly requiredClaims: readonly { readonly claim: string; readonly value: string }[]
  readonly claimRules: readonly { readonly rule: ClaimExpression; readonly message: string }[]
  readonly userRules: readonly { readonly rule: UserExpression; readonly message: string }[]
}

export interface AnonymousConfig {
  readonly enabled: boolean
  /** Paths that alone may be asked for anonymously; empty: all. */
  readonly paths: readonly string[]
}

export interface AuthenticationConfig {
  readonly issuers: readonly JwtIssuer[]
  readonly anonymous?: AnonymousConfig
}

const API_VERSIONS = ['v1', 'v1beta1', 'v1alpha1'].map((version) => `apiserver.config.k8s.io/${version}`)

/**
 * Reads a configuration. `disallowed` are issuers that cannot be another's: those of service accounts. Throws an Error
 * that names every problem. Model: ValidateAuthenticationConfiguration.
 */
export function parseAuthenticationConfiguration(
  text: string,
  disallowed: readonly string[] = [],
): AuthenticationConfig {
  const document = documentOf(text)
  const reader = new ConfigurationReader(disallowed)
  const config = reader.read(document)
  const { mistyped, unknown, errors } = reader
  if (mistyped !== undefined) throw new Error(mistyped)
  if (unknown.length > 0) throw new Error(`strict decoding error: ${unknown.join(', ')}`)
  if (errors.length > 0) {
    throw new Error(
      `invalid authentication configuration: ${aggregated(errors.map(({ path, message }) => `${path}: ${message}`))}`,
    )
  }
  return config
}

function documentOf(text: string): Record<string, unknown> {
  if (text.trim() === '') throw new Error('empty config data')
  const document = parsed(text)
  const { kind, apiVersion } = isRecord(document) ? document : {}
  if (!isRecord(document) || kind !== 'AuthenticationConfiguration' || !API_VERSIONS.includes(String(apiVersion))) {
    throw new Error(
      `no kind "${kind ?? ''}" is registered for version "${apiVersion ?? ''}" in scheme "pkg/runtime/scheme.go:111"`,
    )
  }
  return document
}

function parsed(text: string): unknown {
  try {
    return parseFirstYaml(text).value
  } catch (error) {
    throw error instanceof YamlError ? new Error(`yaml: ${error.message}`, { cause: error }) : error
  }
}
