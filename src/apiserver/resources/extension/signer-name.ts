// Names of signers of certificates, as requests and trust bundles have them.
// Rules and wording: k8s.io/kubernetes/pkg/apis/certificates/validation.

import { type FieldError, field } from '../../../machinery/errors.ts'
import { dnsLabelProblem, dnsSubdomainProblem } from '../../../machinery/names.ts'

const MAX_DOMAIN = 253
// A namespace and a name with a dot between them, behind a domain and a slash.
const MAX_NAME = MAX_DOMAIN + 1 + 253 + 63 + 1

/** Problems of the name of a signer: a domain and a path of one segment. */
export function validateSignerName(at: string, name: string): FieldError[] {
  if (name === '') return [field.required(at)]
  const [domain = '', path = '', ...more] = name.split('/')
  if (!name.includes('/') || more.length > 0) {
    const why = "must be a fully qualified domain and path of the form 'example.com/signer-name'"
    return [field.invalid(at, name, why)]
  }
  const labels = domain.split('.')
  const errors: FieldError[] = []
  if (domain.length > MAX_DOMAIN) errors.push(field.tooLong(at, MAX_DOMAIN))
  errors.push(...firstProblem(at, domain, labels, dnsLabelProblem))
  if (labels.length < 2) {
    errors.push(field.invalid(at, domain, 'should be a domain with at least two segments separated by dots'))
  }
  errors.push(...firstProblem(at, path, path.split('.'), dnsSubdomainProblem))
  if (name.length > MAX_NAME) errors.push(field.tooLong(at, MAX_NAME))
  return errors
}

function firstProblem(
  at: string,
  value: string,
  labels: readonly string[],
  problemOf: (label: string) => string | undefined,
): FieldError[] {
  const wrong = labels.find((label) => problemOf(label) !== undefined)
  if (wrong === undefined) return []
  return [field.invalid(at, value, `validating label ${JSON.stringify(wrong)}: ${problemOf(wrong)}`)]
}
