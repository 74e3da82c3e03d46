// Which issuers of tokens are trusted and how their claims become users: an AuthenticationConfiguration, read and checked.
// Spec: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#using-authentication-configuration

import { X509Certificate } from 'node:crypto'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { parseYaml } from '../../../machinery/yaml.ts'
import { ClaimExpression, UserExpression } from './expressions.ts'
import { ALGORITHMS } from './signature.ts'

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

type Json = Record<string, unknown>

const API_VERSIONS = ['v1', 'v1beta1', 'v1alpha1'].map((version) => `apiserver.config.k8s.io/${version}`)

/** Reads a configuration. Throws an Error that names every problem. */
export function parseAuthenticationConfiguration(text: string): AuthenticationConfig {
  const document = parseYaml(text)
  if (
    !isMap(document) ||
    document.kind !== 'AuthenticationConfiguration' ||
    !API_VERSIONS.includes(String(document.apiVersion))
  ) {
    throw new Error(`expected kind AuthenticationConfiguration of ${API_VERSIONS[0]}`)
  }
  const errors: FieldError[] = []
  const jwt = listOf(document.jwt)
  const issuers = jwt.map((entry, i) => issuerOf(mapOf(entry), `jwt[${i}]`, errors))
  issuers.forEach(({ url }, i) => {
    if (issuers.findIndex((other) => other.url === url) < i) errors.push(duplicate(`jwt[${i}].issuer.url`, url))
  })
  const anonymous = isMap(document.anonymous) ? anonymousOf(document.anonymous, errors) : undefined
  if (errors.length > 0) throw new Error(errors.map(({ path, message }) => `${path}: ${message}`).join(', '))
  return { issuers, ...(anonymous ? { anonymous } : {}) }
}

function duplicate(path: string, value: string): FieldError {
  return field.invalid(path, value, 'must not be the URL of another issuer, too')
}

function anonymousOf(value: Json, errors: FieldError[]): AnonymousConfig {
  const enabled = value.enabled === true
  const paths = listOf(value.conditions).map((condition) => String(mapOf(condition).path ?? ''))
  if (!enabled && paths.length > 0) {
    errors.push(
      field.invalid('anonymous.conditions', paths, 'enabled should be set to true when conditions are defined'),
    )
  }
  return { enabled, paths }
}

function issuerOf(entry: Json, path: string, errors: FieldError[]): JwtIssuer {
  const issuer = mapOf(entry.issuer)
  const mappings = mapOf(entry.claimMappings)
  const url = urlOf(issuer.url, `${path}.issuer.url`, errors)
  const discoveryUrl = issuer.discoveryURL ? urlOf(issuer.discoveryURL, `${path}.issuer.discoveryURL`, errors) : ''
  const ca = certificateOf(issuer.certificateAuthority, `${path}.issuer.certificateAuthority`, errors)
  const audiences = listOf(issuer.audiences).map(String)
  const policy = issuer.audienceMatchPolicy ?? ''
  if (audiences.length === 0)
    errors.push(field.required(`${path}.issuer.audiences`, 'at least one issuer.audiences is required'))
  if (audiences.length > 1 && policy !== 'MatchAny') {
    errors.push(
      field.invalid(
        `${path}.issuer.audienceMatchPolicy`,
        policy,
        'audienceMatchPolicy must be MatchAny for multiple audiences',
      ),
    )
  }
  const at = `${path}.claimMappings`
  const username = sourceOf(mapOf(mappings.username), `${at}.username`, { errors, prefixed: true, required: true })
  const groups = sourceOf(mapOf(mappings.groups), `${at}.groups`, { errors, prefixed: true, required: false })
  const uid = sourceOf(mapOf(mappings.uid), `${at}.uid`, { errors, prefixed: false, required: false })
  return {
    url,
    ...(discoveryUrl ? { discoveryUrl } : {}),
    ...(ca ? { certificateAuthority: ca } : {}),
    audiences,
    algorithms: ALGORITHMS,
    username: username ?? { claim: '', prefix: '' },
    ...(groups ? { groups } : {}),
    ...(uid ? { uid } : {}),
    extra: extraOf(listOf(mappings.extra), `${at}.extra`, errors),
    ...claimRulesOf(listOf(entry.claimValidationRules), `${path}.claimValidationRules`, errors),
    userRules: listOf(entry.userValidationRules).flatMap((value, i) => {
      const { expression, message = '' } = mapOf(value)
      const rulePath = `${path}.userValidationRules[${i}].expression`
      if (!expression) errors.push(field.required(rulePath))
      const rule = compiled(() => new UserExpression(String(expression ?? '')), expression, rulePath, errors)
      return rule ? [{ rule, message: String(message) }] : []
    }),
  }
}

function extraOf(list: readonly unknown[], path: string, errors: FieldError[]) {
  return list.flatMap((value, i) => {
    const { key, valueExpression } = mapOf(value)
    if (!key) errors.push(field.required(`${path}[${i}].key`))
    else if (!/^[a-z0-9.-]+\/[^A-Z]+$/.test(String(key))) {
      errors.push(
        field.invalid(`${path}[${i}].key`, key, 'must be a domain-prefix path (such as "acme.io/foo") in lower case'),
      )
    }
    const at = `${path}[${i}].valueExpression`
    if (!valueExpression) errors.push(field.required(at))
    const made = compiled(() => new ClaimExpression(String(valueExpression ?? '')), valueExpression, at, errors)
    return made ? [{ key: String(key), value: made }] : []
  })
}

function claimRulesOf(list: readonly unknown[], path: string, errors: FieldError[]) {
  const requiredClaims: { claim: string; value: string }[] = []
  const claimRules: { rule: ClaimExpression; message: string }[] = []
  list.forEach((value, i) => {
    const { claim, requiredValue = '', expression, message = '' } = mapOf(value)
    const at = `${path}[${i}]`
    if (claim && expression) errors.push(field.invalid(at, String(claim), "claim and expression can't both be set"))
    else if (claim) requiredClaims.push({ claim: String(claim), value: String(requiredValue) })
    else if (!expression) errors.push(field.required(at, 'claim or expression is required'))
    else {
      const rule = compiled(
        () => new ClaimExpression(String(expression), 'bool'),
        expression,
        `${at}.expression`,
        errors,
      )
      if (rule) claimRules.push({ rule, message: String(message) })
    }
  })
  return { requiredClaims, claimRules }
}

function sourceOf(
  value: Json,
  path: string,
  { errors, prefixed, required }: { errors: FieldError[]; prefixed: boolean; required: boolean },
): ClaimSource | undefined {
  const { claim, expression, prefix } = value
  if (claim && expression) {
    errors.push(field.invalid(path, '', "claim and expression can't both be set"))
    return undefined
  }
  if (expression) {
    if (prefix !== undefined)
      errors.push(field.invalid(`${path}.prefix`, prefix, "prefix can't be set when expression is set"))
    const made = compiled(() => new ClaimExpression(String(expression)), expression, `${path}.expression`, errors)
    return made && { expression: made }
  }
  if (!claim) {
    if (required) errors.push(field.required(path, 'claim or expression is required'))
    return undefined
  }
  if (prefixed && typeof prefix !== 'string') {
    errors.push(
      field.required(
        `${path}.prefix`,
        'prefix is required when claim is set. It can be set to an empty string to disable prefixing',
      ),
    )
  }
  return { claim: String(claim), prefix: String(prefix ?? '') }
}

function compiled<T>(make: () => T, source: unknown, path: string, errors: FieldError[]): T | undefined {
  if (!source) return undefined
  try {
    return make()
  } catch (error) {
    errors.push(field.invalid(path, String(source), error instanceof Error ? error.message : String(error)))
    return undefined
  }
}

function urlOf(value: unknown, path: string, errors: FieldError[]): string {
  const text = String(value ?? '')
  if (text === '') errors.push(field.required(path, 'URL is required'))
  else if (!URL.canParse(text) || new URL(text).protocol !== 'https:') {
    errors.push(field.invalid(path, text, 'URL scheme must be https'))
  }
  return text
}

function certificateOf(value: unknown, path: string, errors: FieldError[]): string {
  const pem = String(value ?? '')
  if (pem === '') return ''
  try {
    return new X509Certificate(pem) && pem
  } catch {
    errors.push(field.invalid(path, '<omitted>', 'data does not contain any valid RSA or ECDSA certificates'))
    return ''
  }
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function mapOf(value: unknown): Json {
  return isMap(value) ? value : {}
}

function isMap(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
