// A domain and a path below it, as in `acme.io/foo`. Model: IsDomainPrefixedPath of k8s.io/apimachinery.

import { type FieldError, field } from './errors.ts'
import { dnsSubdomainProblem } from './names.ts'

const PATH_FORMAT = "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+"
const PATH = new RegExp(`^${PATH_FORMAT}$`)

/** What is wrong with a value at `at` that is to be a domain with a path. */
export function prefixedPathProblems(at: string, value: string): FieldError[] {
  if (value === '') return [field.required(at)]
  const slash = value.indexOf('/')
  const [host, path] = [value.slice(0, Math.max(slash, 0)), value.slice(slash + 1)]
  if (slash < 1 || path === '') {
    return [field.invalid(at, value, 'must be a domain-prefixed path (such as "acme.io/foo")')]
  }
  const problem = dnsSubdomainProblem(host)
  const errors = problem === undefined ? [] : [field.invalid(at, host, problem)]
  if (!PATH.test(path)) {
    errors.push(field.invalid(at, path, `Invalid path (regex used for validation is '${PATH_FORMAT}')`))
  }
  return errors
}
