// What pods and pod templates have in common: tolerations, spread constraints, the template itself.

import type { PodTemplateSpec, Toleration, TopologySpreadConstraint } from '../../api/generated/core-v1.ts'
import { compareBytes } from '../../machinery/go/value.ts'
import { printContainers } from './containers.ts'
import { printAnnotations, printLabels, printMultiline, selectorTextOrNone } from './format.ts'
import { printVolumes } from './volumes.ts'
import type { PrefixWriter } from './writer.ts'

/** The template of a workload's pods. */
export function printPodTemplate(w: PrefixWriter, template: PodTemplateSpec | undefined): void {
  w.line(0, 'Pod Template:')
  if (!template) return w.write(1, '<unset>')
  const { metadata, spec } = template
  printLabels(w, '  Labels', metadata?.labels)
  if (Object.keys(metadata?.annotations ?? {}).length > 0) printAnnotations(w, '  Annotations', metadata?.annotations)
  if (spec?.serviceAccountName) w.line(1, `Service Account:\t${spec.serviceAccountName}`)
  const initContainers = spec?.initContainers ?? []
  if (initContainers.length > 0) {
    printContainers(w, { label: 'Init Containers', containers: initContainers, space: '  ' })
  }
  printContainers(w, { label: 'Containers', containers: spec?.containers ?? [], space: '  ' })
  printVolumes(w, spec?.volumes, '  ')
  printSpreadConstraints(w, spec?.topologySpreadConstraints, '  ')
  if (spec?.priorityClassName) w.line(1, `Priority Class Name:\t${spec.priorityClassName}`)
  printLabels(w, '  Node-Selectors', spec?.nodeSelector)
  printTolerations(w, '  Tolerations', spec?.tolerations)
}

/** How pods are spread. */
export function printSpreadConstraints(
  w: PrefixWriter,
  constraints: readonly TopologySpreadConstraint[] = [],
  space = '',
): void {
  if (constraints.length === 0) return
  const texts = [...constraints]
    .sort((a, b) => compareBytes(a.topologyKey, b.topologyKey))
    .map((c) => {
      const selector = c.labelSelector ? ` for selector ${selectorTextOrNone(c.labelSelector)}` : ''
      return `${c.topologyKey}:${c.whenUnsatisfiable} when max skew ${c.maxSkew} is exceeded${selector}`
    })
  printMultiline(w, `${space}Topology Spread Constraints:\t`, `${space}\t`, texts)
}

/** Tolerations, one a line. */
export function printTolerations(w: PrefixWriter, title: string, tolerations: readonly Toleration[] = []): void {
  const sorted = [...tolerations].sort((a, b) => compareBytes(a.key ?? '', b.key ?? ''))
  printMultiline(w, `${title}:\t`, '\t', sorted.map(tolerationText))
}

function tolerationText({ key = '', value = '', effect = '', operator, tolerationSeconds }: Toleration): string {
  let text = key + (value === '' ? '' : `=${value}`) + (effect === '' ? '' : `:${effect}`)
  if (operator === 'Exists' && value === '') text += key === '' && effect === '' ? 'op=Exists' : ' op=Exists'
  return tolerationSeconds === undefined ? text : `${text} for ${tolerationSeconds}s`
}
