// The flag that names the configuration of admission plugins. Model: k8s.io/apiserver/pkg/admission, config.

import { readFileSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import {
  type PodSecuritySettings,
  readPodSecurityConfiguration,
} from '../apiserver/admission/pod-security/configuration.ts'
import { type LimitedResource, readQuotaConfiguration } from '../apiserver/admission/resource-quota-limits.ts'
import { isRecord } from '../apiserver/api-object.ts'
import { parseYaml } from '../machinery/yaml.ts'

export const admissionFlags = [
  {
    name: 'admission-control-config-file',
    file: true,
    description: 'AdmissionConfiguration: of the plugins PodSecurity and ResourceQuota',
  },
] as const

const KIND = 'AdmissionConfiguration'
const VERSIONS = ['apiserver.config.k8s.io/v1', 'apiserver.k8s.io/v1alpha1']

/** What the plugins are configured to do. */
export interface AdmissionSettings {
  readonly podSecurity?: PodSecuritySettings
  readonly limitedResources?: readonly LimitedResource[]
}

/** What a plugin makes of its configuration. */
const PLUGINS: Readonly<Record<string, (document: unknown) => AdmissionSettings>> = {
  PodSecurity: (document) => ({ podSecurity: readPodSecurityConfiguration(document) }),
  ResourceQuota: (document) => ({ limitedResources: readQuotaConfiguration(document) }),
}

/** What the file says. Throws an Error that names the file and what is wrong. */
export function readAdmissionControl(flags: Readonly<Record<string, string>>): AdmissionSettings | undefined {
  const path = flags['admission-control-config-file']
  if (!path) return undefined
  try {
    return settingsOf(parseYaml(readFileSync(path, 'utf8')), dirname(path))
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new Error(`unable to read admission control configuration from ${JSON.stringify(path)} [${why}]`, { cause })
  }
}

/** Of several configurations of one plugin the first counts. */
function settingsOf(document: unknown, directory: string): AdmissionSettings {
  if (!isRecord(document) || document.kind !== KIND || !VERSIONS.includes(String(document.apiVersion))) {
    throw new Error(`expected kind ${KIND} of ${VERSIONS[0]}`)
  }
  const plugins = Array.isArray(document.plugins) ? document.plugins.filter(isRecord) : []
  let settings: AdmissionSettings = {}
  for (const { name, configuration, path } of plugins) {
    const read = PLUGINS[String(name)]
    // What would be without effect must not look as if it had one.
    if (!read) throw new Error(`plugin ${JSON.stringify(name)} takes no configuration here`)
    const given =
      configuration ?? (path ? parseYaml(readFileSync(resolve(directory, String(path)), 'utf8')) : undefined)
    if (given !== undefined) settings = { ...read(given), ...settings }
  }
  return settings
}
