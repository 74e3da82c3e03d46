// The API server's flags under upstream's names, and what the files that they name say.
// Spec: https://kubernetes.io/docs/reference/command-line-tools-reference/kube-apiserver/

import { readFileSync } from 'node:fs'
import type { AdmissionSettings } from '../apiserver/admission/settings.ts'
import type { AuthenticationSettings } from '../apiserver/authentication/configured.ts'
import {
  type AuthenticationConfig,
  parseAuthenticationConfiguration,
} from '../apiserver/authentication/jwt/configuration.ts'
import type { AuthorizerSettings } from '../apiserver/authorization/configured.ts'
import { parseEncryptionConfiguration, type ResourceRule } from '../apiserver/encryption/encryption-configuration.ts'
import { type FeatureGates, parseFeatureGates } from '../apiserver/features/feature-gates.ts'
import { parseRuntimeConfig, type Serves } from '../apiserver/features/runtime-config.ts'
import { formatNetwork, parseNetwork } from '../machinery/ip.ts'
import { admissionFlags, readAdmission } from './admission-settings.ts'
import { type AuditSettings, auditFlags, readAudit } from './audit-settings.ts'
import { authenticationFlags, readAuthentication } from './authentication-settings.ts'
import { authorizationFlags, durationIn, readAuthorization } from './authorization-settings.ts'
import { type OperationSettings, operationFlags, readOperation } from './operation-settings.ts'
import { readServiceAccounts, type ServiceAccountSettings, serviceAccountFlags } from './service-account-settings.ts'

/** A flag of `up` that the API server heeds. Values are kept for later starts. */
export interface ApiServerFlag {
  readonly name: string
  /** The value is a path; it is kept absolute. */
  readonly file: boolean
  /** It may be several paths, with commas between them. */
  readonly several?: boolean
  readonly description: string
}

export const apiServerFlags: readonly ApiServerFlag[] = [
  ...authenticationFlags,
  {
    name: 'runtime-config',
    file: false,
    description: 'Which built-in API versions are served, such as api/beta=true,apps/v1=false',
  },
  {
    name: 'feature-gates',
    file: false,
    description: 'Which features are on, such as ClusterTrustBundle=true',
  },
  {
    name: 'service-cluster-ip-range',
    file: false,
    description: "The cluster's service range, and after a comma one of IPv6 for services of two families",
  },
  ...authorizationFlags,
  ...serviceAccountFlags,
  ...operationFlags,
  {
    name: 'encryption-provider-config',
    file: true,
    description: 'File that says which resources are stored encrypted, and with which keys ("": none)',
  },
  {
    name: 'encryption-provider-config-automatic-reload',
    file: false,
    description: 'Whether changes of that file are taken over while the server runs (false)',
  },
  ...auditFlags,
  ...admissionFlags,
  {
    name: 'request-timeout',
    file: false,
    description: 'How long a request may take that does not stay by its nature, such as 1m0s',
  },
  {
    name: 'shutdown-delay-duration',
    file: false,
    description: 'How long requests are still served after /readyz has begun to fail, such as 5s (0)',
  },
  {
    name: 'enable-priority-and-fairness',
    file: false,
    description: 'Whether requests take turns as flow schemas say (true), or are only counted (false)',
  },
  {
    name: 'max-requests-inflight',
    file: false,
    description: 'How many requests that change nothing are served at a time (400; 0: any number)',
  },
  {
    name: 'max-mutating-requests-inflight',
    file: false,
    description: 'How many requests that change something are served at a time (200; 0: any number)',
  },
]

export interface ApiServerSettings {
  /** The flags that were given, as they were. */
  readonly flags?: Readonly<Record<string, string>>
  readonly features?: FeatureGates
  /** Which versions are served, given whether those that upstream retired are unless it is said otherwise. */
  readonly serves?: (legacyApis: boolean) => Serves
  readonly authentication?: AuthenticationSettings
  /** The ranges of cluster addresses; absent: the one that the cluster was made with. */
  readonly serviceCidrs?: readonly string[]
  /** Who is asked; absent: the usual ones. */
  readonly authorization?: readonly AuthorizerSettings[]
  /** The file that this is from, which is followed, and how it is read. */
  readonly authorizationFile?: FollowedFile<readonly AuthorizerSettings[]>
  readonly serviceAccounts?: ServiceAccountSettings
  readonly operation?: OperationSettings
  readonly admission?: AdmissionSettings
  readonly encryption?: readonly ResourceRule[]
  /** The file that this is from, when it is followed. */
  readonly encryptionFile?: FollowedFile<readonly ResourceRule[]>
  /** The file that says who is believed, which is followed. */
  readonly authenticationFile?: FollowedFile<AuthenticationConfig>
  readonly audit?: AuditSettings
  readonly flow?: FlowSettings
  readonly requestTimeoutMs?: number
  readonly shutdownDelayMs?: number
}

/** A file whose changes are taken over. `read` throws an Error that says what is wrong. */
export interface FollowedFile<T> {
  readonly path: string
  read(): T | undefined
}

export interface FlowSettings {
  /** Whether priority and fairness decides, which has the sum of both numbers to share out. */
  readonly fair: boolean
  readonly reading: number
  readonly mutating: number
}

/** Reads what flags name. Throws an Error that names the flag, the file and what is wrong. */
export function readApiServerSettings(flags: Readonly<Record<string, string>>): ApiServerSettings {
  const read = <T>(name: string, parse: (text: string) => T): T | undefined => {
    const path = flags[name]
    if (!path) return undefined
    try {
      return parse(readFileSync(path, 'utf8'))
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause)
      throw new Error(`cannot use --${name}=${path}: ${why}`, { cause })
    }
  }
  const followed = <T>(name: string, parse: (text: string) => T): FollowedFile<T> => ({
    path: flags[name] ?? '',
    read: () => read(name, parse),
  })
  const features = parseFeatureGates(flags['feature-gates'] ?? '')
  const parseEncryption = (text: string) => parseEncryptionConfiguration(text, { kmsV1: features('KMSv1') })
  const encryption = read('encryption-provider-config', parseEncryption)
  const audit = readAudit(flags, read)
  const flow = flowOf(flags)
  const serviceAccounts = readServiceAccounts(flags)
  const parseAuthentication = (text: string) => parseAuthenticationConfiguration(text, serviceAccounts.issuers)
  const authentication = readAuthentication(flags, { read, parse: parseAuthentication })
  const authorization = readAuthorization(flags)
  const requestTimeoutMs = durationIn(flags, 'request-timeout', '1m0s')
  if (requestTimeoutMs === 0) throw new Error('--request-timeout must be longer than 0')
  const shutdownDelayMs = durationIn(flags, 'shutdown-delay-duration', '0s')
  const serves = (legacyApis: boolean) =>
    parseRuntimeConfig({ text: flags['runtime-config'] ?? '', features, legacyApis })
  // What is wrong with it is said when it is given.
  serves(true)
  const serviceCidrs = serviceCidrsOf(flags['service-cluster-ip-range'])
  const admission = readAdmission(flags)
  return {
    flags,
    features,
    admission,
    serves,
    ...(serviceCidrs ? { serviceCidrs } : {}),
    requestTimeoutMs,
    shutdownDelayMs,
    authentication,
    serviceAccounts,
    operation: readOperation(flags),
    ...(authorization ? { authorization } : {}),
    ...(flags['authorization-config']
      ? { authorizationFile: { path: flags['authorization-config'], read: () => readAuthorization(flags) } }
      : {}),
    ...(encryption ? { encryption } : {}),
    ...(encryption && booleanOf(flags, 'encryption-provider-config-automatic-reload', false)
      ? { encryptionFile: followed('encryption-provider-config', parseEncryption) }
      : {}),
    ...(flags['authentication-config']
      ? { authenticationFile: followed('authentication-config', parseAuthentication) }
      : {}),
    ...(audit ? { audit } : {}),
    flow,
  }
}

const RANGES = '--service-cluster-ip-range'
/** Upstream's limit for ranges of IPv6. */
const LARGEST_IPV6 = 64

function serviceCidrsOf(text: string | undefined): readonly string[] | undefined {
  if (!text) return undefined
  const networks = text.split(',').map((part) => {
    const network = parseNetwork(part.trim())
    if (!network) throw new Error(`${RANGES} is invalid: invalid CIDR address: ${part.trim()}`)
    return network
  })
  if (networks.length > 2) throw new Error(`${RANGES} must not contain more than two entries`)
  const [first, second] = networks
  if (second && first?.family === second.family) {
    throw new Error(`${RANGES}[0] and ${RANGES}[1] must be of different IP family`)
  }
  const large = networks.find(({ family, length }) => family === 'IPv6' && length < LARGEST_IPV6)
  if (large) throw new Error(`${RANGES}: shortest allowed prefix length for service CIDR is 64, got ${large.length}`)
  return networks.map(formatNetwork)
}

function flowOf(flags: Readonly<Record<string, string>>): FlowSettings {
  const fair = booleanOf(flags, 'enable-priority-and-fairness', true)
  const reading = countOf(flags, 'max-requests-inflight', 400)
  const mutating = countOf(flags, 'max-mutating-requests-inflight', 200)
  if (fair && reading + mutating === 0) {
    throw new Error('--max-requests-inflight and --max-mutating-requests-inflight must not both be 0')
  }
  return { fair, reading, mutating }
}

function booleanOf(flags: Readonly<Record<string, string>>, name: string, fallback: boolean): boolean {
  const text = flags[name] || String(fallback)
  if (text === 'true' || text === 'false') return text === 'true'
  throw new Error(`--${name} ${JSON.stringify(text)} must be true or false`)
}

function countOf(flags: Readonly<Record<string, string>>, name: string, fallback = 0): number {
  const text = flags[name] || String(fallback)
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw new Error(`--${name} ${JSON.stringify(text)} must be a non-negative number`)
}
