// What an AuthenticationConfiguration says, with everything that is wrong with it in upstream's order.
// Model: k8s.io/apiserver/pkg/apis/apiserver/validation.

import { X509Certificate } from 'node:crypto'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { prefixedPathProblems } from '../../../machinery/prefixed-path.ts'
import { isRecord } from '../../api-object.ts'
import type { AnonymousConfig, AuthenticationConfig, ClaimSource, JwtIssuer } from './configuration.ts'
import { ClaimExpression, UserExpression } from './expressions.ts'
import { ALGORITHMS } from './signature.ts'
import { urlProblems } from './url-rules.ts'

type Json = Record<string, unknown>

/** The fields of each type, and what they hold. Go names stand in messages about wrong types. */
const TYPES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  AuthenticationConfiguration: {
    kind: 'string',
    apiVersion: 'string',
    jwt: '[]JWTAuthenticator',
    anonymous: 'AnonymousAuthConfig',
  },
  JWTAuthenticator: {
    issuer: 'Issuer',
    claimValidationRules: '[]ClaimValidationRule',
    claimMappings: 'ClaimMappings',
    userValidationRules: '[]UserValidationRule',
  },
  Issuer: {
    url: 'string',
    discoveryURL: 'string',
    certificateAuthority: 'string',
    audiences: '[]string',
    audienceMatchPolicy: 'string',
    egressSelectorType: 'string',
  },
  ClaimValidationRule: { claim: 'string', requiredValue: 'string', expression: 'string', message: 'string' },
  ClaimMappings: {
    username: 'PrefixedClaimOrExpression',
    groups: 'PrefixedClaimOrExpression',
    uid: 'ClaimOrExpression',
    extra: '[]ExtraMapping',
  },
  PrefixedClaimOrExpression: { claim: 'string', prefix: 'string', expression: 'string' },
  ClaimOrExpression: { claim: 'string', expression: 'string' },
  ExtraMapping: { key: 'string', valueExpression: 'string' },
  UserValidationRule: { expression: 'string', message: 'string' },
  AnonymousAuthConfig: { enabled: 'bool', conditions: '[]AnonymousAuthCondition' },
  AnonymousAuthCondition: { path: 'string' },
}

const CONFLICT = "claim and expression can't both be set"
const EMAIL =
  'claims.email_verified must be used in claimMappings.username.expression or claimMappings.extra[*].valueExpression or claimValidationRules[*].expression when claims.email is used in claimMappings.username.expression'

/** Reads one configuration; what is wrong with it is gathered on the way. */
export class ConfigurationReader {
  readonly errors: FieldError[] = []
  readonly unknown: string[] = []
  /** The first value of another type than it should have. */
  mistyped: string | undefined
  readonly #disallowed: readonly string[]

  constructor(disallowed: readonly string[]) {
    this.#disallowed = disallowed
  }

  read(document: Json): AuthenticationConfig {
    this.#check(document, 'AuthenticationConfiguration', '')
    const issuers: JwtIssuer[] = []
    const urls = new Set<string>()
    const discoveryUrls = new Set<string>()
    for (const [i, entry] of listOf(document.jwt).map(mapOf).entries()) {
      const at = `jwt[${i}]`
      issuers.push(this.#authenticator(entry, at))
      const { url, discoveryURL } = textsOf(mapOf(entry.issuer), 'url', 'discoveryURL')
      this.#once(urls, `${at}.issuer.url`, url)
      if (discoveryURL !== '') this.#once(discoveryUrls, `${at}.issuer.discoveryURL`, discoveryURL)
    }
    const anonymous = isRecord(document.anonymous) ? this.#anonymous(document.anonymous) : undefined
    return { issuers, ...(anonymous ? { anonymous } : {}) }
  }

  /** Notes fields that nobody knows, and the first value of a wrong type. */
  #check(value: Json, type: string, path: string): void {
    for (const [name, inner] of Object.entries(value)) {
      const at = path === '' ? name : `${path}.${name}`
      const wanted = TYPES[type]?.[name]
      if (wanted === undefined) this.unknown.push(`unknown field ${JSON.stringify(at)}`)
      else this.#checkValue(inner, { wanted, at, type })
    }
  }

  #checkValue(value: unknown, { wanted, at, type }: { wanted: string; at: string; type: string }): void {
    if (value === null || value === undefined) return
    const element = wanted.startsWith('[]') ? wanted.slice(2) : undefined
    if (element !== undefined && Array.isArray(value)) {
      for (const [i, item] of value.entries()) this.#checkValue(item, { wanted: element, at: `${at}[${i}]`, type })
    } else if (wanted in TYPES && isRecord(value)) this.#check(value, wanted, at)
    else if (element !== undefined || typeof value !== (wanted === 'bool' ? 'boolean' : wanted)) {
      const found = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value
      const named = wanted.replace(/\w+$/, (name) => (name in TYPES ? `v1.${name}` : name))
      const place = `${type}.${at.replace(/\[\d+\]/g, '')}`
      this.mistyped ??= `json: cannot unmarshal ${found} into Go struct field ${place} of type ${named}`
    }
  }

  #add(...errors: FieldError[]): void {
    this.errors.push(...errors)
  }

  /** Notes what was there before. Gives whether it was not. */
  #once(seen: Set<string>, path: string, value: string): boolean {
    const isNew = !seen.has(value)
    if (!isNew) this.#add(field.duplicate(path, value))
    seen.add(value)
    return isNew
  }

  #authenticator(entry: Json, path: string): JwtIssuer {
    const issuer = this.#issuer(mapOf(entry.issuer), `${path}.issuer`)
    const rules = this.#claimRules(listOf(entry.claimValidationRules).map(mapOf), `${path}.claimValidationRules`)
    const mappings = this.#mappings(
      mapOf(entry.claimMappings),
      `${path}.claimMappings`,
      rules.claimRules.map(({ rule }) => rule),
    )
    const userRules = this.#userRules(listOf(entry.userValidationRules).map(mapOf), `${path}.userValidationRules`)
    return { ...issuer, algorithms: ALGORITHMS, ...mappings, ...rules, userRules }
  }

  #issuer(issuer: Json, path: string) {
    const { url, discoveryURL, certificateAuthority, audienceMatchPolicy, egressSelectorType } = textsOf(
      issuer,
      ...(['url', 'discoveryURL', 'certificateAuthority', 'audienceMatchPolicy', 'egressSelectorType'] as const),
    )
    if (url === '') this.#add(field.required(`${path}.url`))
    else this.#add(...urlProblems(`${path}.url`, url, this.#disallowed))
    if (discoveryURL !== '') {
      const at = `${path}.discoveryURL`
      const bare = (text: string) => text.replace(/\/+$/, '')
      if (url !== '' && bare(url) === bare(discoveryURL)) {
        this.#add(field.invalid(at, discoveryURL, 'discoveryURL must be different from URL'))
      }
      this.#add(...urlProblems(at, discoveryURL, []))
    }
    const audiences = listOf(issuer.audiences).map(String)
    this.#audiences(audiences, audienceMatchPolicy, path)
    const problem = certificateProblem(certificateAuthority)
    if (problem !== undefined) this.#add(field.invalid(`${path}.certificateAuthority`, '<omitted>', problem))
    if (!['', 'controlplane', 'cluster'].includes(egressSelectorType)) {
      const why = 'egress selector must be either controlplane or cluster'
      this.#add(field.invalid(`${path}.egressSelectorType`, egressSelectorType, why))
    }
    return {
      url,
      ...(discoveryURL === '' ? {} : { discoveryUrl: discoveryURL }),
      ...(certificateAuthority === '' ? {} : { certificateAuthority }),
      audiences,
    }
  }

  #audiences(audiences: readonly string[], policy: string, path: string): void {
    const at = `${path}.audiences`
    if (audiences.length === 0) return this.#add(field.required(at, `at least one ${at} is required`))
    const seen = new Set<string>()
    for (const [i, audience] of audiences.entries()) {
      if (audience === '') this.#add(field.required(`${at}[${i}]`))
      this.#once(seen, `${at}[${i}]`, audience)
    }
    const policyAt = `${path}.audienceMatchPolicy`
    if (audiences.length > 1 && policy !== 'MatchAny') {
      this.#add(field.invalid(policyAt, policy, 'audienceMatchPolicy must be MatchAny for multiple audiences'))
    }
    if (audiences.length === 1 && policy !== '' && policy !== 'MatchAny') {
      const why = 'audienceMatchPolicy must be empty or MatchAny for single audience'
      this.#add(field.invalid(policyAt, policy, why))
    }
  }

  #claimRules(rules: readonly Json[], path: string) {
    const requiredClaims: { claim: string; value: string }[] = []
    const claimRules: { rule: ClaimExpression; message: string }[] = []
    const claims = new Set<string>()
    const expressions = new Set<string>()
    for (const [i, given] of rules.entries()) {
      const at = `${path}[${i}]`
      const { claim, requiredValue, expression, message } = textsOf(
        given,
        ...(['claim', 'requiredValue', 'expression', 'message'] as const),
      )
      if (claim !== '' && expression !== '') this.#add(field.invalid(at, claim, CONFLICT))
      else if (claim !== '') {
        if (message !== '') this.#add(field.invalid(`${at}.message`, message, 'may not be specified when claim is set'))
        this.#once(claims, `${at}.claim`, claim)
        requiredClaims.push({ claim, value: requiredValue })
      } else if (expression === '') this.#add(field.required(at, 'claim or expression is required'))
      else {
        if (requiredValue !== '') {
          this.#add(field.invalid(`${at}.requiredValue`, requiredValue, 'may not be specified when expression is set'))
        }
        if (!this.#once(expressions, `${at}.expression`, expression)) continue
        const rule = this.#compiled(`${at}.expression`, expression, () => new ClaimExpression(expression, 'bool'))
        if (rule) claimRules.push({ rule, message })
      }
    }
    return { requiredClaims, claimRules }
  }

  #mappings(mappings: Json, path: string, rules: readonly ClaimExpression[]) {
    const username = this.#source(mapOf(mappings.username), `${path}.username`, { prefixed: true, required: true })
    const groups = this.#source(mapOf(mappings.groups), `${path}.groups`, { prefixed: true, required: false })
    const uid = this.#source(mapOf(mappings.uid), `${path}.uid`, { prefixed: false, required: false })
    const extra = this.#extra(listOf(mappings.extra).map(mapOf), `${path}.extra`)
    const named = username?.expression
    const all = [...(named ? [named] : []), ...rules, ...extra.map(({ value }) => value)]
    if (named?.mentions('email') && !all.some((one) => one.mentions('email_verified'))) {
      this.#add(field.invalid(`${path}.username.expression`, named.source, EMAIL))
    }
    return {
      username: username ?? { claim: '', prefix: '' },
      ...(groups ? { groups } : {}),
      ...(uid ? { uid } : {}),
      extra,
    }
  }

  #source(
    given: Json,
    path: string,
    { prefixed, required }: { prefixed: boolean; required: boolean },
  ): ClaimSource | undefined {
    const { claim, expression, prefix } = textsOf(given, 'claim', 'expression', 'prefix')
    const hasPrefix = prefixed && typeof given.prefix === 'string'
    if (claim !== '' && expression !== '') this.#add(field.invalid(path, '', CONFLICT))
    else if (expression !== '') {
      if (hasPrefix) {
        this.#add(field.invalid(`${path}.prefix`, prefix, 'may not be specified when expression is set'))
      }
      const made = this.#compiled(`${path}.expression`, expression, () => new ClaimExpression(expression))
      return made && { expression: made }
    } else if (claim !== '') {
      if (prefixed && !hasPrefix) {
        const why = 'prefix is required when claim is set. It can be set to an empty string to disable prefixing'
        this.#add(field.required(`${path}.prefix`, why))
      }
      return { claim, prefix }
    } else if (required) this.#add(field.required(path, 'claim or expression is required'))
    return undefined
  }

  #extra(mappings: readonly Json[], path: string) {
    const keys = new Set<string>()
    return mappings.flatMap((given, i) => {
      const { key, valueExpression } = textsOf(given, 'key', 'valueExpression')
      const at = `${path}[${i}].key`
      this.#add(...prefixedPathProblems(at, key))
      if (key !== key.toLowerCase()) this.#add(field.invalid(at, key, 'must be lowercase'))
      if (/^([^/]+\.)?(kubernetes|k8s)\.io\//.test(key)) {
        const why = 'k8s.io, kubernetes.io and their subdomains are reserved for Kubernetes use'
        this.#add(field.invalid(at, key, why))
      }
      if (!this.#once(keys, at, key)) return []
      const valueAt = `${path}[${i}].valueExpression`
      if (valueExpression === '') this.#add(field.required(valueAt))
      const value =
        valueExpression === ''
          ? undefined
          : this.#compiled(valueAt, valueExpression, () => new ClaimExpression(valueExpression))
      return value ? [{ key, value }] : []
    })
  }

  #userRules(rules: readonly Json[], path: string) {
    const seen = new Set<string>()
    return rules.flatMap((given, i) => {
      const { expression, message } = textsOf(given, 'expression', 'message')
      const at = `${path}[${i}].expression`
      if (expression === '') this.#add(field.required(at))
      if (expression === '' || !this.#once(seen, at, expression)) return []
      const rule = this.#compiled(at, expression, () => new UserExpression(expression))
      return rule ? [{ rule, message }] : []
    })
  }

  #compiled<T>(path: string, source: string, make: () => T): T | undefined {
    try {
      return make()
    } catch (error) {
      if (!(error instanceof Error)) throw error
      this.#add(field.invalid(path, source, error.message))
      return undefined
    }
  }

  #anonymous(given: Json): AnonymousConfig {
    const enabled = given.enabled === true
    const paths = listOf(given.conditions).map((condition) => textsOf(mapOf(condition), 'path').path)
    if (!enabled && paths.length > 0) {
      const shown = paths.map((path) => ({ Path: path }))
      const why = 'enabled should be set to true when conditions are defined'
      this.#add(field.invalid('anonymous.conditions', shown, why))
    }
    return { enabled, paths }
  }
}

/** Why a text holds no certificates. Model: cert.NewPoolFromBytes. */
function certificateProblem(pem: string): string | undefined {
  const certificates = pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? []
  if (pem === '') return undefined
  if (certificates.length === 0) return 'data does not contain any valid RSA or ECDSA certificates'
  for (const certificate of certificates) {
    try {
      new X509Certificate(certificate)
    } catch {
      return 'x509: malformed certificate'
    }
  }
  return undefined
}

function textsOf<Name extends string>(given: Json, ...names: readonly Name[]): Record<Name, string> {
  const texts = names.map((name) => [name, typeof given[name] === 'string' ? given[name] : ''])
  return Object.fromEntries(texts) as Record<Name, string>
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : []
}

function mapOf(value: unknown): Json {
  return isRecord(value) ? value : {}
}
