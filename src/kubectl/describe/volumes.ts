// Volumes of pods, and the sources of persistent volumes.

import type { PersistentVolumeSpec, Volume } from '../../api/generated/core-v1.ts'
import { formatValue } from '../../machinery/go/format.ts'
import { shorten, sortedKeys } from './format.ts'
import { printClaim } from './persistent-volume-claim.ts'
import { type Source, sourceText } from './volume-sources.ts'
import type { PrefixWriter } from './writer.ts'

/** Volumes of a pod or a pod template. */
export function printVolumes(w: PrefixWriter, volumes: readonly Volume[] = [], space = ''): void {
  if (volumes.length === 0) return w.line(0, `${space}Volumes:\t<none>`)
  w.line(0, `${space}Volumes:`)
  for (const volume of volumes) {
    w.line(1, `${space === '' ? '' : ' '}${volume.name}:`)
    printVolumeSource(w, volume as Source)
  }
}

/** The source of a persistent volume. */
export function printPersistentSource(w: PrefixWriter, spec: PersistentVolumeSpec): void {
  printVolumeSource(w, spec as unknown as Source, true)
}

function printVolumeSource(w: PrefixWriter, source: Source, persistent = false): void {
  if (source.downwardAPI) return printDownwardApi(w, source.downwardAPI)
  if (source.projected) return printProjected(w, source.projected)
  if (source.ephemeral) return printEphemeral(w, source.ephemeral)
  const text = sourceText(source, persistent)
  if (!text) return w.line(1, '<unknown>')
  const rows = text.rows.map(([label, value]) => `    ${label}\t${cell(value)}\n`).join('')
  w.write(2, `Type:\t${text.title}\n${rows}`)
  if (source.csi) printAttributes(w, source.csi.volumeAttributes)
}

function cell(value: unknown): string {
  return value === undefined ? '' : formatValue(value)
}

function printAttributes(w: PrefixWriter, attributes: Readonly<Record<string, string>> | undefined): void {
  w.write(2, 'VolumeAttributes:\t')
  const keys = sortedKeys(attributes)
  if (keys.length === 0) return w.rest('<none>')
  keys.forEach((key, i) => {
    if (i > 0) {
      w.write(2, '')
      w.write(2, '\t')
    }
    w.line(2, shorten(`${key}=${attributes?.[key]}`, 140))
  })
}

function printDownwardApi(w: PrefixWriter, source: NonNullable<Volume['downwardAPI']>): void {
  w.line(2, 'Type:\tDownwardAPI (a volume populated by information about the pod)\n    Items:')
  for (const { fieldRef, resourceFieldRef, path } of source.items ?? []) {
    if (fieldRef) w.line(3, `${fieldRef.fieldPath} -> ${path}`)
    if (resourceFieldRef) w.line(3, `${resourceFieldRef.resource} -> ${path}`)
  }
}

function printProjected(w: PrefixWriter, source: NonNullable<Volume['projected']>): void {
  w.line(2, 'Type:\tProjected (a volume that contains injected data from multiple sources)')
  for (const { secret, downwardAPI, configMap, serviceAccountToken } of source.sources ?? []) {
    if (secret) w.line(2, `SecretName:\t${secret.name ?? ''}\n    Optional:\t${secret.optional ?? false}`)
    else if (downwardAPI) w.line(2, 'DownwardAPI:\ttrue')
    else if (configMap)
      w.line(2, `ConfigMapName:\t${configMap.name ?? ''}\n    Optional:\t${configMap.optional ?? false}`)
    else if (serviceAccountToken) w.line(2, `TokenExpirationSeconds:\t${serviceAccountToken.expirationSeconds ?? 0}`)
  }
}

function printEphemeral(w: PrefixWriter, source: NonNullable<Volume['ephemeral']>): void {
  w.line(2, 'Type:\tEphemeralVolume (an inline specification for a volume that gets created and deleted with the pod)')
  const template = source.volumeClaimTemplate
  if (template) printClaim(w.nested(2), { metadata: template.metadata ?? {}, spec: template.spec })
}
