// The flag that names the configuration of admission plugins. Model: k8s.io/apiserver/pkg/admission, config.

import { readFileSync } from 'node:fs'
import { dirname, isAbsolute, resolve } from 'node:path'
import { readEventLimits } from '../apiserver/admission/optional/event-rate-limit.ts'
import { readImagePolicy } from '../apiserver/admission/optional/image-policy.ts'
import type { NodeSelectors } from '../apiserver/admission/optional/pod-placement.ts'
import type { TolerationSettings } from '../apiserver/admission/optional/pod-tolerations.ts'
import { readPodSecurityConfiguration } from '../apiserver/admission/pod-security/configuration.ts'
import { readQuotaConfiguration } from '../apiserver/admission/resource-quota-limits.ts'
import { chosenPlugins, type PluginChoice } from '../apiserver/admission/selection.ts'
import type { AdmissionSettings } from '../apiserver/admission/settings.ts'
import { isRecord } from '../apiserver/api-object.ts'
import { parseYaml } from '../machinery/yaml.ts'
import { integerIn } from './audit-settings.ts'
import { readWebhookEndpoint } from './webhook-kubeconfig.ts'

export const admissionFlags = [
  {
    name: 'admission-control-config-file',
    file: true,
    description: 'AdmissionConfiguration: what plugins are to do',
  },
  {
    name: 'enable-admission-plugins',
    file: false,
    description: 'Admission plugins that run besides the usual ones, such as AlwaysPullImages,PodNodeSelector',
  },
  { name: 'disable-admission-plugins', file: false, description: 'Admission plugins that do not run' },
  { name: 'admission-control', file: false, description: 'All admission plugins that run, in place of the usual ones' },
  {
    name: 'default-not-ready-toleration-seconds',
    file: false,
    description: 'How many seconds pods stay on a node that is not ready (300)',
  },
  {
    name: 'default-unreachable-toleration-seconds',
    file: false,
    description: 'How many seconds pods stay on a node that cannot be reached (300)',
  },
] as const

const KIND = 'AdmissionConfiguration'
const VERSIONS = ['apiserver.config.k8s.io/v1', 'apiserver.k8s.io/v1alpha1']

/** What a plugin makes of its configuration. */
const PLUGINS: Readonly<Record<string, (document: unknown) => AdmissionSettings>> = {
  PodSecurity: (document) => ({ podSecurity: readPodSecurityConfiguration(document) }),
  ResourceQuota: (document) => ({ limitedResources: readQuotaConfiguration(document) }),
  EventRateLimit: (document) => ({ eventLimits: readEventLimits(document) }),
  PodNodeSelector: (document) => ({
    nodeSelectors: (isRecord(document) ? document.podNodeSelectorPluginConfig : undefined) as NodeSelectors,
  }),
  MutatingAdmissionWebhook: (document) => ({ mutatingKubeconfig: readWebhooks(document) }),
  ValidatingAdmissionWebhook: (document) => ({ validatingKubeconfig: readWebhooks(document) }),
  ImagePolicyWebhook: (document) => ({ images: readImagePolicy(document, readWebhookEndpoint) }),
  PodTolerationRestriction: (document) => ({ tolerations: readTolerations(document) }),
}

const WEBHOOKS: Readonly<Record<string, string>> = {
  'apiserver.config.k8s.io/v1': 'WebhookAdmissionConfiguration',
  'apiserver.config.k8s.io/v1alpha1': 'WebhookAdmission',
}

function readWebhooks(document: unknown): string {
  if (!isRecord(document) || WEBHOOKS[String(document.apiVersion)] !== document.kind) {
    throw new Error('expected kind WebhookAdmissionConfiguration of apiserver.config.k8s.io/v1')
  }
  const path = String(document.kubeConfigFile ?? '')
  if (path !== '' && !isAbsolute(path)) {
    throw new Error(`kubeConfigFile: Invalid value: ${JSON.stringify(path)}: must be an absolute file path`)
  }
  return path
}

function readTolerations(document: unknown): TolerationSettings {
  const version = 'podtolerationrestriction.admission.k8s.io/v1alpha1'
  if (!isRecord(document) || document.kind !== 'Configuration' || document.apiVersion !== version) {
    throw new Error(`expected kind Configuration of ${version}`)
  }
  return document as TolerationSettings
}

/** Which plugins run, and what they are to do. Throws an Error that names what is wrong. */
export function readAdmission(flags: Readonly<Record<string, string>>): AdmissionSettings {
  const choice: PluginChoice = {
    enabled: namesIn(flags['enable-admission-plugins']),
    disabled: namesIn(flags['disable-admission-plugins']),
    only: namesIn(flags['admission-control']),
  }
  const chosen = chosenPlugins(choice)
  const configured = readFile(flags)
  if (chosen.has('EventRateLimit') && !configured.eventLimits) {
    const problem = 'limits: Invalid value: null: must not be empty'
    throw new Error(`failed to initialize admission: couldn't init admission plugin "EventRateLimit": ${problem}`)
  }
  if (chosen.has('ImagePolicyWebhook') && !configured.images) {
    throw new Error(
      'failed to initialize admission: couldn\'t init admission plugin "ImagePolicyWebhook": no config specified',
    )
  }
  const tolerationSeconds = {
    notReadySeconds: integerIn(flags, 'default-not-ready-toleration-seconds', 300),
    unreachableSeconds: integerIn(flags, 'default-unreachable-toleration-seconds', 300),
  }
  return { ...configured, choice, tolerationSeconds }
}

const namesIn = (text: string | undefined) => (text ? text.split(',') : undefined)

/** What the file says. Throws an Error that names the file and what is wrong. */
function readFile(flags: Readonly<Record<string, string>>): AdmissionSettings {
  const path = flags['admission-control-config-file']
  if (!path) return {}
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
