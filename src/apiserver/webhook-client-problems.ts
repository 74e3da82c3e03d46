// What is wrong with how a webhook is to be reached, the same for admission, conversion and audit.
// Model: k8s.io/apiserver/pkg/util/webhook/validation.go.

import { X509Certificate } from 'node:crypto'
import { type FieldError, field } from '../machinery/errors.ts'
import { dnsSubdomainProblem } from '../machinery/names.ts'

const FORM = '; desired format: https://host[/path]'
const MAX_PORT = 65535
const PEM = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g

interface ClientConfig {
  readonly url?: string
  readonly service?: Readonly<Partial<{ name: string; namespace: string; port: number; path: string }>>
  /** Base64. */
  readonly caBundle?: string
}

/** Problems of a webhook's client configuration at `path`. */
export function webhookClientProblems(path: string, { url, service, caBundle }: ClientConfig): FieldError[] {
  const errors: FieldError[] = []
  if ((url === undefined) === (service === undefined)) {
    errors.push(field.required(path, 'exactly one of url or service is required'))
  } else if (url !== undefined) errors.push(...urlProblems(`${path}.url`, url))
  else errors.push(...serviceProblems(`${path}.service`, service ?? {}))
  if (caBundle) errors.push(...bundleProblems(`${path}.caBundle`, caBundle))
  return errors
}

function urlProblems(path: string, url: string): FieldError[] {
  if (!URL.canParse(url)) {
    // What has no scheme is a path to Go, and so lacks both.
    if (/[\s%]/.test(url)) return [field.required(path, `url must be a valid URL: parse ${JSON.stringify(url)}${FORM}`)]
    return [
      field.invalid(path, '', `'https' is the only allowed URL scheme${FORM}`),
      field.invalid(path, '', `host must be specified${FORM}`),
    ]
  }
  const { protocol, host, username, password, search, hash } = new URL(url)
  const errors: FieldError[] = []
  if (protocol !== 'https:') {
    errors.push(field.invalid(path, protocol.slice(0, -1), `'https' is the only allowed URL scheme${FORM}`))
  }
  if (host === '') errors.push(field.invalid(path, '', `host must be specified${FORM}`))
  if (username || password) {
    const user = password ? `${username}:${password}` : username
    errors.push(field.invalid(path, user, 'user information is not permitted in the URL'))
  }
  if (hash) errors.push(field.invalid(path, hash.slice(1), 'fragments are not permitted in the URL'))
  if (search) errors.push(field.invalid(path, search.slice(1), 'query parameters are not permitted in the URL'))
  return errors
}

function serviceProblems(
  path: string,
  { name, namespace, port = 443, path: at }: NonNullable<ClientConfig['service']>,
) {
  const errors: FieldError[] = []
  if (!name) errors.push(field.required(`${path}.name`))
  if (!namespace) errors.push(field.required(`${path}.namespace`))
  if (port < 1 || port > MAX_PORT) {
    errors.push(field.invalid(`${path}.port`, port, 'port is not valid: must be between 1 and 65535, inclusive'))
  }
  return at === undefined ? errors : [...errors, ...pathProblems(`${path}.path`, at)]
}

function pathProblems(path: string, at: string): FieldError[] {
  if (at === '' || at === '/') return []
  if (at === '//') return [field.invalid(path, at, 'segment[0] may not be empty')]
  const errors: FieldError[] = []
  if (!at.startsWith('/')) errors.push(field.invalid(path, at, "must start with a '/'"))
  for (const [i, step] of at.slice(1).replace(/\/$/, '').split('/').entries()) {
    const problem = step === '' ? 'may not be empty' : dnsSubdomainProblem(step)
    if (problem) errors.push(field.invalid(path, at, `segment[${i}]${step === '' ? ' ' : ': '}${problem}`))
  }
  return errors
}

/** Problems of a bundle of certificates, in base64. */
export function bundleProblems(path: string, caBundle: string): FieldError[] {
  const found = Buffer.from(caBundle, 'base64').toString('latin1').match(PEM) ?? []
  const detail = 'unable to load root certificates: unable to parse bytes as PEM block'
  if (found.length === 0) return [field.invalid(path, caBundle, detail)]
  try {
    for (const pem of found) new X509Certificate(pem)
    return []
  } catch {
    return [field.invalid(path, caBundle, 'unable to load root certificates: failed to parse certificate')]
  }
}
