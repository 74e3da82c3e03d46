// Reads the annotations that tune an ingress. Names and meaning follow ingress-nginx; values that are not exactly
// what is expected refuse the whole ingress, so that nothing is served with less protection than was asked for.
// Spec: https://kubernetes.github.io/ingress-nginx/user-guide/nginx-configuration/annotations/

import { ANNOTATION_PREFIX } from './names.ts'
import { hasControlCharacters, variablesProblem } from './quote.ts'

const PROTOCOLS = ['HTTP', 'HTTPS', 'GRPC', 'GRPCS'] as const
export type BackendProtocol = (typeof PROTOCOLS)[number]

export interface Affinity {
  readonly cookie: string
  readonly path: string
  readonly maxAge?: number
  readonly sameSite?: string
  readonly secure: boolean
}

export interface Cors {
  readonly origins: readonly string[]
  readonly methods: string
  readonly headers: string
  readonly exposeHeaders?: string
  readonly credentials: boolean
  readonly maxAge: number
}

export interface BasicAuth {
  readonly secret: string
  readonly realm: string
  /** Every key of the secret is a user; else its key `auth` is a password file. */
  readonly map: boolean
}

/** Everything about a location that annotations decide. */
export interface LocationOptions {
  readonly rewriteTarget?: string
  readonly useRegex: boolean
  readonly sslRedirect: boolean
  readonly forceSslRedirect: boolean
  readonly redirect?: { readonly code: number; readonly url: string }
  readonly connectTimeout: number
  readonly sendTimeout: number
  readonly readTimeout: number
  readonly bodySize: string
  readonly buffering: boolean
  readonly requestBuffering: boolean
  readonly bufferSize: string
  readonly backendProtocol: BackendProtocol
  readonly affinity?: Affinity
  readonly hashBy?: string
  readonly allow: readonly string[]
  readonly deny: readonly string[]
  readonly aliases: readonly string[]
  readonly appRoot?: string
  readonly cors?: Cors
  readonly upstreamVhost?: string
  readonly forwardedPrefix?: string
  readonly auth?: BasicAuth
  readonly limitRps?: number
  readonly limitRpm?: number
  readonly limitConnections?: number
  readonly limitBurst: number
}

export interface ReadAnnotations {
  readonly options: LocationOptions
  /** Why the ingress cannot be served; empty when it can. */
  readonly problems: readonly string[]
  /** Annotations of ingress-nginx that have no effect here. */
  readonly ignored: readonly string[]
}

const HOST = /^(\*\.)?([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)(\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*$/
const URL_VARIABLES = ['request_uri', 'uri', 'host', 'args', 'is_args', 'query_string', 'scheme', '1']
const HASH_VARIABLE = /^\$(request_uri|uri|host|remote_addr|binary_remote_addr|(http|cookie|arg)_[a-z0-9_]{1,64})$/
const TOKEN_LIST = /^[A-Za-z0-9_*]([A-Za-z0-9_*, -]*[A-Za-z0-9_*])?$/
const CORS_METHODS = 'GET, PUT, POST, DELETE, PATCH, OPTIONS'
const CORS_HEADERS =
  'DNT,Keep-Alive,User-Agent,X-Requested-With,If-Modified-Since,Cache-Control,Content-Type,Range,Authorization'
const SNIPPETS = ['configuration-snippet', 'server-snippet', 'stream-snippet', 'auth-snippet', 'modsecurity-snippet']
const MAX_SECONDS = 86_400 * 365

/** Reads all annotations of one ingress. `namespace` is where secrets without a namespace are looked for. */
export function readAnnotations(
  annotations: Readonly<Record<string, string>> | undefined,
  namespace: string,
): ReadAnnotations {
  const all = annotations ?? {}
  const reader = createReader(all)
  const { text, flag, number, size, list } = reader
  for (const name of SNIPPETS) {
    if (all[ANNOTATION_PREFIX + name] !== undefined) {
      reader.known.add(name)
      reader.problems.push(
        `${ANNOTATION_PREFIX}${name} annotation cannot be used. Snippet directives are disabled by the Ingress administrator`,
      )
    }
  }
  const rewriteTarget = text('rewrite-target', isRewrite, 'a path, with $1 to $9 for groups of the path')
  const permanent = text('permanent-redirect', isUrl, 'a URL')
  const permanentCode = number('permanent-redirect-code', 300, 399) ?? 301
  const temporal = text('temporal-redirect', isUrl, 'a URL')
  const temporalCode = number('temporal-redirect-code', 300, 399) ?? 302
  const redirect = permanent
    ? { code: permanentCode, url: permanent }
    : temporal
      ? { code: temporalCode, url: temporal }
      : undefined
  const protocol = text('backend-protocol', (v) => PROTOCOLS.some((p) => p === v), PROTOCOLS.join(', '), upper)
  const hashBy = text('upstream-hash-by', (v) => HASH_VARIABLE.test(v), 'one variable, such as "$request_uri"')
  const allow = [
    ...list('whitelist-source-range', isCidr, 'addresses and CIDR ranges'),
    ...list('allowlist-source-range', isCidr, 'addresses and CIDR ranges'),
  ]
  const options: LocationOptions = {
    ...set('rewriteTarget', rewriteTarget),
    useRegex: flag('use-regex', false) || /\$[1-9]/.test(rewriteTarget ?? ''),
    sslRedirect: flag('ssl-redirect', true),
    forceSslRedirect: flag('force-ssl-redirect', false),
    ...set('redirect', redirect),
    connectTimeout: number('proxy-connect-timeout', 1, MAX_SECONDS) ?? 5,
    sendTimeout: number('proxy-send-timeout', 1, MAX_SECONDS) ?? 60,
    readTimeout: number('proxy-read-timeout', 1, MAX_SECONDS) ?? 60,
    bodySize: size('proxy-body-size') ?? '1m',
    buffering: flag('proxy-buffering', false),
    requestBuffering: flag('proxy-request-buffering', true),
    bufferSize: size('proxy-buffer-size') ?? '4k',
    backendProtocol: PROTOCOLS.find((p) => p === protocol) ?? 'HTTP',
    ...set('affinity', readAffinity(reader)),
    ...set('hashBy', hashBy),
    allow,
    deny: list('denylist-source-range', isCidr, 'addresses and CIDR ranges'),
    aliases: list('server-alias', (v) => v.length <= 253 && HOST.test(v), 'host names'),
    ...set(
      'appRoot',
      text('app-root', (v) => v.startsWith('/') && plain(v), 'a path'),
    ),
    ...set('cors', readCors(reader)),
    ...set('upstreamVhost', text('upstream-vhost', isHostPort, 'a host name')),
    ...set(
      'forwardedPrefix',
      text('x-forwarded-prefix', (v) => v.startsWith('/') && plain(v), 'a path'),
    ),
    ...set('auth', readAuth(reader, namespace)),
    ...set('limitRps', number('limit-rps', 1, 1_000_000)),
    ...set('limitRpm', number('limit-rpm', 1, 1_000_000)),
    ...set('limitConnections', number('limit-connections', 1, 1_000_000)),
    limitBurst: number('limit-burst-multiplier', 1, 1000) ?? 5,
  }
  const ignored = Object.keys(all)
    .filter((key) => key.startsWith(ANNOTATION_PREFIX) && !reader.known.has(key.slice(ANNOTATION_PREFIX.length)))
    .sort()
  return { options, problems: reader.problems, ignored }
}

type Reader = ReturnType<typeof createReader>

/** Typed access to annotations; collects what is wrong, and which ones were asked for. */
function createReader(all: Readonly<Record<string, string>>) {
  const problems: string[] = []
  const known = new Set<string>()
  const raw = (name: string) => {
    known.add(name)
    const value = all[ANNOTATION_PREFIX + name]?.trim()
    return value === '' ? undefined : value
  }
  const refuse = (name: string, value: string, expected: string) =>
    problems.push(
      `annotation ${ANNOTATION_PREFIX}${name} contains invalid value ${JSON.stringify(value)}: expected ${expected}`,
    )
  return {
    problems,
    known,
    text(name: string, valid: (value: string) => boolean, expected: string, normalise = (v: string) => v) {
      const value = raw(name)
      if (value === undefined) return undefined
      const normal = normalise(value)
      if (!hasControlCharacters(normal) && valid(normal)) return normal
      refuse(name, value, expected)
      return undefined
    },
    flag(name: string, fallback: boolean): boolean {
      const value = raw(name)?.toLowerCase()
      if (value === undefined) return fallback
      if (['true', 'on', '1', 't'].includes(value)) return true
      if (['false', 'off', '0', 'f'].includes(value)) return false
      refuse(name, value, '"true" or "false"')
      return fallback
    },
    number(name: string, min: number, max: number): number | undefined {
      const value = raw(name)
      if (value === undefined) return undefined
      const number = /^\d{1,10}$/.test(value) ? Number(value) : Number.NaN
      if (number >= min && number <= max) return number
      refuse(name, value, `a whole number from ${min} to ${max}`)
      return undefined
    },
    size(name: string): string | undefined {
      const value = raw(name)
      if (value === undefined || /^\d{1,12}[kKmMgG]?$/.test(value)) return value
      refuse(name, value, 'a size such as "8m"')
      return undefined
    },
    list(name: string, valid: (value: string) => boolean, expected: string): string[] {
      const value = raw(name)
      if (value === undefined) return []
      const items = value
        .split(',')
        .map((item) => item.trim())
        .filter(Boolean)
      if (items.length > 0 && items.every((item) => !hasControlCharacters(item) && valid(item))) return items
      refuse(name, value, expected)
      return []
    },
  }
}

function readAffinity({ text, number, flag }: Reader): Affinity | undefined {
  const affinity = text('affinity', (v) => v === 'cookie', '"cookie"')
  text('affinity-mode', (v) => v === 'balanced', '"balanced"')
  const cookie = text('session-cookie-name', (v) => /^[\w.-]{1,128}$/.test(v), 'a cookie name')
  const path = text('session-cookie-path', (v) => /^\/[\w./~%-]*$/.test(v), 'a path')
  const maxAge = number('session-cookie-max-age', 0, MAX_SECONDS) ?? number('session-cookie-expires', 0, MAX_SECONDS)
  const sameSite = text('session-cookie-samesite', (v) => ['None', 'Lax', 'Strict'].includes(v), 'None, Lax, Strict')
  const secure = flag('session-cookie-secure', false)
  if (!affinity) return undefined
  return {
    cookie: cookie ?? 'INGRESSCOOKIE',
    path: path ?? '/',
    ...set('maxAge', maxAge),
    ...set('sameSite', sameSite),
    secure,
  }
}

function readCors({ flag, list, text, number }: Reader): Cors | undefined {
  const enabled = flag('enable-cors', false)
  const origins = list('cors-allow-origin', isOrigin, '"*" or origins such as "https://example.com"')
  const tokens = (name: string) => text(name, (v) => TOKEN_LIST.test(v), 'a list of names')
  const methods = tokens('cors-allow-methods')
  const headers = tokens('cors-allow-headers')
  const exposeHeaders = tokens('cors-expose-headers')
  const credentials = flag('cors-allow-credentials', true)
  const maxAge = number('cors-max-age', 0, MAX_SECONDS)
  if (!enabled) return undefined
  return {
    origins: origins.length > 0 ? origins : ['*'],
    methods: methods ?? CORS_METHODS,
    headers: headers ?? CORS_HEADERS,
    ...set('exposeHeaders', exposeHeaders),
    credentials,
    maxAge: maxAge ?? 1_728_000,
  }
}

function readAuth({ text, problems }: Reader, namespace: string): BasicAuth | undefined {
  const type = text('auth-type', (v) => v === 'basic', '"basic"')
  const secret = text('auth-secret', (v) => /^([a-z0-9-]+\/)?[a-z0-9.-]+$/.test(v), 'the name of a secret')
  const realm = text('auth-realm', plain, 'plain text')
  const kind = text('auth-secret-type', (v) => ['auth-file', 'auth-map'].includes(v), '"auth-file" or "auth-map"')
  if (!type) return undefined
  if (!secret) {
    problems.push(`annotation ${ANNOTATION_PREFIX}auth-secret is required with auth-type basic`)
    return undefined
  }
  const [first = '', second] = secret.split('/')
  if (second !== undefined && first !== namespace) {
    problems.push('cross namespace secrets are not supported')
    return undefined
  }
  return {
    secret: `${namespace}/${second ?? first}`,
    realm: realm ?? 'Authentication Required',
    map: kind === 'auth-map',
  }
}

/** `{ key: value }`, or nothing for undefined. */
function set<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]?: V })
}

const upper = (value: string) => value.toUpperCase()
const plain = (value: string) => !value.includes('$')
const isHostPort = (value: string) => /^[A-Za-z0-9._-]{1,253}(:\d{1,5})?$/.test(value)
const isOrigin = (value: string) => value === '*' || /^https?:\/\/(\*\.)?[A-Za-z0-9.-]+(:\d{1,5})?$/.test(value)

function isUrl(value: string): boolean {
  return /^(https?:\/\/|\/)[^\s"'`{};\\<>]+$/.test(value) && variablesProblem(value, URL_VARIABLES) === undefined
}

function isRewrite(value: string): boolean {
  return /^(https?:\/\/|\/)[^\s"'`{};\\<>]*$/.test(value) && variablesProblem(value, URL_VARIABLES) === undefined
}

function isCidr(value: string): boolean {
  const [address = '', bits, rest] = value.split('/')
  if (rest !== undefined || (bits !== undefined && !/^\d{1,3}$/.test(bits))) return false
  const octets = address.split('.')
  if (octets.length === 4 && octets.every((o) => /^\d{1,3}$/.test(o) && Number(o) < 256)) return Number(bits ?? 0) <= 32
  return /^[0-9a-fA-F:]{2,39}$/.test(address) && address.includes(':') && Number(bits ?? 0) <= 128
}
