// Config maps, secrets and service accounts.

import type { ConfigMap, Secret, ServiceAccount } from '../../api/generated/core-v1.ts'
import { as, type Describer } from './describer.ts'
import { findEvents, printEvents, printEventTable, subjectOf } from './events.ts'
import { printLabelsAndAnnotations, printMultiline, printName, sortedKeys } from './format.ts'

export const describeConfigMap: Describer = async (object, w, context) => {
  const { metadata, data, binaryData } = as<ConfigMap>(object)
  printName(w, metadata)
  printLabelsAndAnnotations(w, metadata)
  w.write(0, '\nData\n====\n')
  for (const key of sortedKeys(data)) w.write(0, `${key}:\n----\n${data?.[key]}\n\n`)
  w.write(0, '\nBinaryData\n====\n')
  for (const key of sortedKeys(binaryData)) w.line(0, `${key}: ${byteCount(binaryData?.[key])} bytes`)
  w.write(0, '\n')
  if (context.showEvents) printEventTable(w, await findEvents(context, subjectOf(object)), context.now)
}

function byteCount(base64: string | undefined): number {
  return Buffer.from(base64 ?? '', 'base64').length
}

export const describeSecret: Describer = (object, w) => {
  const { metadata, data, type } = as<Secret>(object)
  printName(w, metadata)
  printLabelsAndAnnotations(w, metadata)
  w.write(0, `\nType:\t${type ?? ''}\n`)
  w.write(0, '\nData\n====\n')
  for (const key of sortedKeys(data)) {
    const isToken = key === 'token' && type === 'kubernetes.io/service-account-token'
    const shown = isToken ? Buffer.from(data?.[key] ?? '', 'base64').toString() : `${byteCount(data?.[key])} bytes`
    w.line(0, `${key}:\t${shown}`)
  }
}

export const describeServiceAccount: Describer = async (object, w, context) => {
  const { metadata, imagePullSecrets } = as<ServiceAccount>(object)
  printName(w, metadata)
  printLabelsAndAnnotations(w, metadata)
  const title = 'Image pull secrets:'
  const names = (imagePullSecrets ?? []).map((secret) => secret.name ?? '')
  printMultiline(w, `${title}\t`, `${' '.repeat(title.length)}\t`, names)
  await printEvents(w, context, subjectOf(object))
}
