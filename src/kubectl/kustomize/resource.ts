// An object on its way through a kustomization, with the names it has had.

import { matches, parseSelector } from '../../machinery/labels.ts'
import { groupOf, type KubeObject } from '../object.ts'
import type { Selector } from './file.ts'

export interface Resource {
  object: KubeObject
  /** The first is that of the file. */
  names: string[]
  /** A hash of its content follows its name at the end. */
  hashed: boolean
}

export const resourceOf = (object: KubeObject, hashed = false): Resource => ({
  object,
  names: [object.metadata?.name ?? ''],
  hashed,
})

/** Gives the object another name and remembers the old one. */
export function rename(resource: Resource, name: string): void {
  resource.object = { ...resource.object, metadata: { ...resource.object.metadata, name } }
  if (!resource.names.includes(name)) resource.names.push(name)
}

const fits = (pattern: string | undefined, values: readonly string[]) => {
  if (!pattern) return true
  const expression = new RegExp(`^(?:${pattern})$`)
  return values.some((value) => expression.test(value))
}

/** Whether a selector means the object, by any of its names. */
export function isSelected({ object, names }: Resource, selector: Selector): boolean {
  const { labels, annotations, namespace = '' } = object.metadata ?? {}
  return (
    fits(selector.group, [groupOf(object.apiVersion)]) &&
    fits(selector.version, [object.apiVersion?.split('/').at(-1) ?? '']) &&
    fits(selector.kind, [object.kind ?? '']) &&
    fits(selector.name, names) &&
    fits(selector.namespace, [namespace]) &&
    (!selector.labelSelector || matches(parseSelector(selector.labelSelector), labels)) &&
    (!selector.annotationSelector || matches(parseSelector(selector.annotationSelector), annotations))
  )
}
