// Plugins that say where pods may run: LimitPodHardAntiAffinityTopology, ExtendedResourceToleration, PodNodeSelector.

import type { Namespace, Toleration } from '../../../api/generated/core-v1.ts'
import { field, forbidden, notFound, serverProblem } from '../../../machinery/errors.ts'
import { labelValueProblem, qualifiedNameProblem } from '../../../machinery/names.ts'
import { sameJson } from '../../../machinery/same-json.ts'
import type { Registry } from '../../registry/registry.ts'
import type { AdmissionAttributes, AdmissionPlugin } from '../admission.ts'
import { writtenPod } from './pods.ts'

const HOSTNAME = 'kubernetes.io/hostname'

/** Pods keep others away from nodes at most. */
export const limitPodHardAntiAffinityTopology: AdmissionPlugin = {
  name: 'LimitPodHardAntiAffinityTopology',
  validate(attributes) {
    const pod = writtenPod(attributes)
    const terms = pod?.spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []
    const wrong = terms.find(({ topologyKey }) => topologyKey !== HOSTNAME)
    if (!wrong) return
    throw forbidden(
      attributes.resource,
      pod?.metadata.name ?? '',
      `affinity.PodAntiAffinity.RequiredDuringScheduling has TopologyKey ${wrong.topologyKey} but only key ${HOSTNAME} is allowed`,
    )
  },
}

/** Pods that want a device may run where only those may that want one. */
export const extendedResourceToleration: AdmissionPlugin = {
  name: 'ExtendedResourceToleration',
  admit(attributes) {
    const pod = writtenPod(attributes)
    if (!pod) return
    const containers = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])]
    const names = new Set(containers.flatMap(({ resources }) => Object.keys(resources?.requests ?? {})))
    for (const key of [...names].filter(isExtended).sort()) {
      const wanted: Toleration = { key, operator: 'Exists', effect: 'NoSchedule' }
      const tolerations = pod.spec.tolerations ?? []
      if (tolerations.some((one) => sameJson(one, wanted))) continue
      pod.spec.tolerations = [...tolerations, wanted]
    }
  },
}

/** Model: IsExtendedResourceName. */
function isExtended(name: string): boolean {
  if (!name.includes('/') || name.includes('kubernetes.io/') || name.startsWith('requests.')) return false
  return qualifiedNameProblem(`requests.${name}`) === undefined
}

const SELECTOR = 'scheduler.alpha.kubernetes.io/node-selector'
const CLUSTER_WIDE = 'clusterDefaultNodeSelector'

/** Selectors by namespace; under `clusterDefaultNodeSelector` that of namespaces which say nothing. */
export type NodeSelectors = Readonly<Record<string, string>>

/** Pods of a namespace run on the nodes that are meant for it. */
export function podNodeSelector(registry: Registry, selectors: NodeSelectors): AdmissionPlugin {
  return { name: 'PodNodeSelector', admit: (attributes) => judge(attributes, true), validate: (a) => judge(a, false) }

  function judge(attributes: AdmissionAttributes, merges: boolean): Promise<void> | undefined {
    return writtenPod(attributes, ['CREATE']) ? judged(attributes, merges) : undefined
  }

  async function judged(attributes: AdmissionAttributes, merges: boolean): Promise<void> {
    const { resource, namespace } = attributes
    const pod = writtenPod(attributes)
    if (!pod) return
    const own = await selectorOfNamespace(registry, namespace, selectors)
    const refuse = (why: string) => forbidden(resource, pod.metadata.name, why)
    const wanted = pod.spec.nodeSelector ?? {}
    if (Object.entries(own).some(([key, value]) => key in wanted && wanted[key] !== value)) {
      throw refuse('pod node label selector conflicts with its namespace node label selector')
    }
    if (merges) pod.spec.nodeSelector = { ...own, ...wanted }
    const allowed = labelsIn(selectors[namespace] ?? '')
    const given = Object.entries(pod.spec.nodeSelector ?? {})
    if (Object.keys(allowed).length > 0 && given.some(([key, value]) => allowed[key] !== value)) {
      throw refuse('pod node label selector labels conflict with its namespace whitelist')
    }
  }
}

async function selectorOfNamespace(registry: Registry, name: string, selectors: NodeSelectors) {
  const namespace = await registry.lookup<Namespace>('', 'namespaces', '', name)
  if (!namespace) throw notFound({ group: '', resource: 'namespaces' }, name)
  return labelsIn(namespace.metadata.annotations?.[SELECTOR] ?? selectors[CLUSTER_WIDE] ?? '')
}

/** Model: ConvertSelectorToLabelsMap. */
function labelsIn(text: string): Record<string, string> {
  if (text === '') return {}
  const labels: Record<string, string> = {}
  for (const part of text.split(',')) {
    const [key = '', value = '', ...more] = part.split('=').map((word) => word.trim())
    if (!part.includes('=') || more.length > 0) throw serverProblem(`invalid selector: [${part.split('=').join(' ')}]`)
    const wrongKey = qualifiedNameProblem(key)
    const wrong = wrongKey ? field.invalid('<nil>', key, wrongKey) : undefined
    const wrongValue = labelValueProblem(value)
    const problem = wrong ?? (wrongValue ? field.invalid(key, value, wrongValue) : undefined)
    if (problem) throw serverProblem(`${problem.path}: ${problem.message}`)
    labels[key] = value
  }
  return labels
}
