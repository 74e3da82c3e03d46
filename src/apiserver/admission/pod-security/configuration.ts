// What holds where namespaces say nothing about the security of pods, and who is exempt: a PodSecurityConfiguration.
// Spec: https://kubernetes.io/docs/tasks/configure-pod-container/enforce-standards-admission-controller/

import { type FieldError, field } from '../../../machinery/errors.ts'
import { dnsLabelProblem, dnsSubdomainProblem } from '../../../machinery/names.ts'
import { isRecord } from '../../api-object.ts'
import { levelOfText, type PodSecurityPolicy, PRIVILEGED } from './policy.ts'

export interface PodSecuritySettings {
  readonly defaults: PodSecurityPolicy
  readonly users: ReadonlySet<string>
  readonly namespaces: ReadonlySet<string>
  readonly runtimeClasses: ReadonlySet<string>
}

/** Without a configuration. */
export const NO_SETTINGS: PodSecuritySettings = {
  defaults: PRIVILEGED,
  users: new Set(),
  namespaces: new Set(),
  runtimeClasses: new Set(),
}

const GROUP = 'pod-security.admission.config.k8s.io'
const VERSIONS = ['v1', 'v1beta1', 'v1alpha1'].map((version) => `${GROUP}/${version}`)

/** Reads a configuration. Throws an Error that names every problem. */
export function readPodSecurityConfiguration(document: unknown): PodSecuritySettings {
  if (
    !isRecord(document) ||
    document.kind !== 'PodSecurityConfiguration' ||
    !VERSIONS.includes(String(document.apiVersion))
  ) {
    throw new Error(`expected kind PodSecurityConfiguration of ${GROUP}/v1`)
  }
  const errors: FieldError[] = []
  const defaults = isRecord(document.defaults) ? document.defaults : {}
  const exemptions = isRecord(document.exemptions) ? document.exemptions : {}
  const level = (mode: string) => {
    const [name, version] = [String(defaults[mode] ?? 'privileged'), String(defaults[`${mode}-version`] ?? 'latest')]
    const read = levelOfText(name, version)
    if (read.levelProblem) errors.push(field.invalid(`defaults.${mode}`, name, read.levelProblem))
    if (read.versionProblem) errors.push(field.invalid(`defaults.${mode}-version`, version, read.versionProblem))
    return { level: read.level, minor: read.minor }
  }
  const names = (list: string, problemOf: (name: string) => string | undefined) => {
    const given = Array.isArray(exemptions[list]) ? (exemptions[list] as unknown[]).map(String) : []
    const seen = new Set<string>()
    for (const [i, name] of given.entries()) {
      const at = `exemptions.${list}[${i}]`
      const problem = problemOf(name)
      if (problem !== undefined) errors.push(field.invalid(at, name, problem))
      else if (seen.has(name)) errors.push(field.duplicate(at, name))
      else seen.add(name)
    }
    return seen
  }
  const settings = {
    defaults: { enforce: level('enforce'), audit: level('audit'), warn: level('warn') },
    users: names('usernames', (name) => (name === '' ? 'username must not be empty' : undefined)),
    namespaces: names('namespaces', dnsLabelProblem),
    runtimeClasses: names('runtimeClasses', dnsSubdomainProblem),
  }
  if (errors.length > 0) throw new Error(errors.map(({ path, message }) => `${path}: ${message}`).join(', '))
  return settings
}
