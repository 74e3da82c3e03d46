// Formats of names, labels and ports with upstream's messages: each `…Problem` gives undefined when all is well.
// Wording: k8s.io/apimachinery/pkg/util/validation.

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?'
const DNS_LABEL = new RegExp(`^${LABEL}$`)
const DNS_SUBDOMAIN = new RegExp(`^${LABEL}(\\.${LABEL})*$`)
const DNS_1035 = /^[a-z]([-a-z0-9]*[a-z0-9])?$/
const QUALIFIED = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/
const LABEL_VALUE = /^(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?$/

/** Upstream counts bytes of both, and calls them so only where a label is meant. */
function tooLong(max: number, what = 'characters'): string {
  return `must be no more than ${max} ${what}`
}

function mustMatch(what: string, regex: string, ...examples: string[]): string {
  const shown = examples.map((e) => `'${e}'`).join(',  or ')
  return `${what} (e.g. ${shown}, regex used for validation is '${regex}')`
}

/** RFC 1123 label: pod-like names, namespaces. */
export function dnsLabelProblem(value = ''): string | undefined {
  if (value.length > 63) return tooLong(63)
  if (DNS_LABEL.test(value)) return undefined
  if (DNS_SUBDOMAIN.test(value)) return 'must not contain dots'
  return mustMatch(
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
    LABEL,
    'my-name',
    '123-abc',
  )
}

/** RFC 1123 subdomain: most object names. */
export function dnsSubdomainProblem(value = ''): string | undefined {
  if (value.length > 253) return tooLong(253)
  if (DNS_SUBDOMAIN.test(value)) return undefined
  return mustMatch(
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
    `${LABEL}(\\.${LABEL})*`,
    'example.com',
  )
}

/** The same, in which letters may be great ones. */
export function dnsSubdomainCaselessProblem(value: string): string | undefined {
  if (value.length > 253) return tooLong(253)
  if (DNS_SUBDOMAIN.test(value.toLowerCase())) return undefined
  return mustMatch(
    "an RFC 1123 subdomain must consist of alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
    `${LABEL}(\\.${LABEL})*`,
    'Example.com',
  )
}

/** RFC 1035 label: service names. */
export function dns1035LabelProblem(value = ''): string | undefined {
  if (value.length > 63) return tooLong(63)
  if (DNS_1035.test(value)) return undefined
  return mustMatch(
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
    '[a-z]([-a-z0-9]*[a-z0-9])?',
    'my-name',
    'abc-123',
  )
}

/** Names that only have to be one path segment: RBAC objects. */
export function pathSegmentProblem(value = ''): string | undefined {
  if (value === '.' || value === '..') return `may not be '${value}'`
  for (const illegal of ['/', '%']) if (value.includes(illegal)) return `may not contain '${illegal}'`
  return undefined
}

const QUALIFIED_RULE = mustMatch(
  "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
  '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]',
  'MyName',
  'my.name',
  '123-abc',
)

/** Everything that is wrong with a label or annotation key: `[prefix/]name`. */
export function qualifiedNameProblems(value = ''): string[] {
  const parts = value.split('/')
  if (parts.length > 2) {
    return [
      `a valid label key ${QUALIFIED_RULE} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ]
  }
  const name = parts.at(-1) ?? ''
  const problems: string[] = []
  if (parts.length === 2) {
    const prefix = parts[0] ?? ''
    const problem = prefix === '' ? 'must be non-empty' : dnsSubdomainProblem(prefix)
    if (problem) problems.push(`prefix part ${problem}`)
  }
  if (name === '') problems.push('name part must be non-empty')
  else if (name.length > 63) problems.push(`name part ${tooLong(63, 'bytes')}`)
  if (!QUALIFIED.test(name)) problems.push(`name part ${QUALIFIED_RULE}`)
  return problems
}

/** The first thing that is wrong with a label or annotation key. */
export function qualifiedNameProblem(value = ''): string | undefined {
  return qualifiedNameProblems(value)[0]
}

export function labelValueProblem(value = ''): string | undefined {
  if (value.length > 63) return tooLong(63, 'bytes')
  if (LABEL_VALUE.test(value)) return undefined
  return mustMatch(
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?',
    'MyValue',
    'my_value',
    '12345',
  )
}

export function portProblem(value: number): string | undefined {
  return Number.isInteger(value) && value >= 1 && value <= 65535 ? undefined : 'must be between 1 and 65535, inclusive'
}

/** Everything that is wrong with the name of a port: IANA_SVC_NAME. */
export function portNameProblems(value = ''): string[] {
  const problems: string[] = []
  if (value.length > 15) problems.push(tooLong(15))
  if (!/^[-a-z0-9]+$/.test(value)) {
    problems.push('must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)')
  }
  if (!/[a-z]/.test(value)) problems.push('must contain at least one letter (a-z)')
  if (value.includes('--')) problems.push('must not contain consecutive hyphens')
  if (value.startsWith('-') || value.endsWith('-')) problems.push('must not begin or end with a hyphen')
  return problems
}

/** The first thing that is wrong with the name of a port. */
export function portNameProblem(value = ''): string | undefined {
  return portNameProblems(value)[0]
}

/** Environment variable names (relaxed form: printable ASCII without `=`). */
export function envVarNameProblem(value = ''): string | undefined {
  if (value === '') return 'environment variable name must be non-empty'
  for (const c of value) {
    const code = c.charCodeAt(0)
    if (c === '=' || code < 32 || code > 126) {
      return "a valid environment variable name must consist only of printable ASCII characters other than '='"
    }
  }
  return undefined
}

/** Keys of ConfigMap and Secret data. */
export function configMapKeyProblem(value = ''): string | undefined {
  if (value.length > 253) return tooLong(253)
  if (value === '.') return "must not be '.'"
  if (value === '..') return "must not be '..'"
  if (value.startsWith('..')) return "must not start with '..'"
  if (/^[-._a-zA-Z0-9]+$/.test(value)) return undefined
  return mustMatch(
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
    '[-._a-zA-Z0-9]+',
    'key.name',
    'KEY_NAME',
    'key-name',
  )
}
