// The flag that names the configuration of admission plugins. Model: k8s.io/apiserver/pkg/admission, config.

import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import {
  type PodSecuritySettings,
  readPodSecurityConfiguration,
} from '../apiserver/admission/pod-security/configuration.ts'
import { isRecord } from '../apiserver/api-object.ts'
import { parseYaml } from '../machinery/yaml.ts'

export const admissionFlags = [
  {
    name: 'admission-control-config-file',
    file: true,
    description: 'AdmissionConfiguration: defaults and exemptions of the plugin PodSecurity',
  },
] as const

const KIND = 'AdmissionConfiguration'
const VERSIONS = ['apiserver.config.k8s.io/v1', 'apiserver.k8s.io/v1alpha1']

/** What the file says of the security of pods. Throws an Error that names the file and what is wrong. */
export function readAdmissionControl(flags: Readonly<Record<string, string>>): PodSecuritySettings | undefined {
  const path = flags['admission-control-config-file']
  if (!path) return undefined
  try {
    return podSecurityOf(parseYaml(readFileSync(path, 'utf8')), dirname(path))
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new Error(`unable to read admission control configuration from ${JSON.stringify(path)} [${why}]`, { cause })
  }
}

function podSecurityOf(document: unknown, directory: string): PodSecuritySettings | undefined {
  if (!isRecord(document) || document.kind !== KIND || !VERSIONS.includes(String(document.apiVersion))) {
    throw new Error(`expected kind ${KIND} of ${VERSIONS[0]}`)
  }
  const plugins = Array.isArray(document.plugins) ? document.plugins.filter(isRecord) : []
  let settings: PodSecuritySettings | undefined
  for (const { name, configuration, path } of plugins) {
    // What would be without effect must not look as if it had one.
    if (name !== 'PodSecurity') throw new Error(`plugin ${JSON.stringify(name)} takes no configuration here`)
    const given =
      configuration ?? (path ? parseYaml(readFileSync(resolve(directory, String(path)), 'utf8')) : undefined)
    if (given !== undefined) settings ??= readPodSecurityConfiguration(given)
  }
  return settings
}
