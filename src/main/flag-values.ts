// What each flag of the API server is set to, in the form in which upstream shows the values of its flags.

import { formatGoDuration, parseGoDuration } from '../machinery/go-duration.ts'

type Values = Readonly<Record<string, string>>

/** What holds where a flag is not given. */
const DEFAULTS: Values = {
  'admission-control': '[]',
  'admission-control-config-file': '',
  'anonymous-auth': 'true',
  'api-audiences': '[]',
  'audit-log-batch-buffer-size': '10000',
  'audit-log-batch-max-size': '1',
  'audit-log-batch-max-wait': '0s',
  'audit-log-batch-throttle-burst': '0',
  'audit-log-batch-throttle-enable': 'false',
  'audit-log-batch-throttle-qps': '0',
  'audit-log-compress': 'false',
  'audit-log-format': 'json',
  'audit-log-maxage': '366',
  'audit-log-maxbackup': '100',
  'audit-log-maxsize': '100',
  'audit-log-mode': 'blocking',
  'audit-log-path': '',
  'audit-log-truncate-enabled': 'false',
  'audit-log-truncate-max-batch-size': '10485760',
  'audit-log-truncate-max-event-size': '102400',
  'audit-log-version': 'audit.k8s.io/v1',
  'audit-policy-file': '',
  'audit-webhook-batch-buffer-size': '10000',
  'audit-webhook-batch-initial-backoff': '10s',
  'audit-webhook-batch-max-size': '400',
  'audit-webhook-batch-max-wait': '30s',
  'audit-webhook-batch-throttle-burst': '15',
  'audit-webhook-batch-throttle-enable': 'true',
  'audit-webhook-batch-throttle-qps': '10',
  'audit-webhook-config-file': '',
  'audit-webhook-initial-backoff': '10s',
  'audit-webhook-mode': 'batch',
  'audit-webhook-truncate-enabled': 'false',
  'audit-webhook-truncate-max-batch-size': '10485760',
  'audit-webhook-truncate-max-event-size': '102400',
  'audit-webhook-version': 'audit.k8s.io/v1',
  'authentication-config': '',
  'authentication-token-webhook-cache-ttl': '2m0s',
  'authentication-token-webhook-config-file': '',
  'authentication-token-webhook-version': 'v1beta1',
  'authorization-config': '',
  'authorization-mode': '[Node,RBAC]',
  'authorization-policy-file': '',
  'authorization-webhook-cache-authorized-ttl': '5m0s',
  'authorization-webhook-cache-unauthorized-ttl': '30s',
  'authorization-webhook-config-file': '',
  'authorization-webhook-version': 'v1beta1',
  'default-not-ready-toleration-seconds': '300',
  'default-unreachable-toleration-seconds': '300',
  'disable-admission-plugins': '[]',
  'enable-admission-plugins': '[]',
  'enable-priority-and-fairness': 'true',
  'encryption-provider-config': '',
  'encryption-provider-config-automatic-reload': 'false',
  'event-ttl': '1h0m0s',
  'feature-gates': '',
  'goaway-chance': '0',
  'max-mutating-requests-inflight': '200',
  'max-requests-inflight': '400',
  'min-request-timeout': '1800',
  'oidc-ca-file': '',
  'oidc-client-id': '',
  'oidc-groups-claim': '',
  'oidc-groups-prefix': '',
  'oidc-issuer-url': '',
  'oidc-required-claim': '',
  'oidc-signing-algs': '[RS256]',
  'oidc-username-claim': 'sub',
  'oidc-username-prefix': '',
  profiling: 'true',
  'request-timeout': '1m0s',
  'requestheader-allowed-names': '[]',
  'requestheader-client-ca-file': '',
  'requestheader-extra-headers-prefix': '[X-Remote-Extra-]',
  'requestheader-group-headers': '[X-Remote-Group]',
  'requestheader-uid-headers': '[]',
  'requestheader-username-headers': '[X-Remote-User]',
  'runtime-config': '',
  'service-account-extend-token-expiration': 'true',
  'service-account-jwks-uri': '',
  'service-account-key-file': '[]',
  'service-account-max-token-expiration': '0s',
  'shutdown-delay-duration': '0s',
  'token-auth-file': '',
}

/** All flags and what they are set to: `given`, or else as `own` or upstream's defaults say. */
export function flagValues(given: Values, own: Values): Values {
  const defaults: Values = { ...DEFAULTS, ...own }
  const names = Object.keys({ ...defaults, ...given })
  return Object.fromEntries(names.map((name) => [name, shown(name, given[name], defaults[name] ?? '')]))
}

/** Lists are in brackets, durations in Go's own words. Model: Value.String of github.com/spf13/pflag. */
function shown(name: string, given: string | undefined, fallback: string): string {
  const text = given || fallback
  if (LISTS.has(name) && !text.startsWith('[')) return `[${text}]`
  const duration = parseGoDuration(fallback)
  return duration === undefined || fallback === '0' ? text : formatGoDuration(parseGoDuration(text) ?? 0)
}

const LISTS = new Set([
  ...Object.keys(DEFAULTS).filter((name) => DEFAULTS[name]?.startsWith('[')),
  'service-account-issuer',
])
