// What a describer is given and what it does.

import type { KubeObject } from '../object.ts'
import type { PrefixWriter } from './writer.ts'

/** Names a resource by its path pieces. */
export interface ResourcePath {
  /** `v1`, `apps/v1`. */
  readonly apiVersion: string
  /** Plural, lower case. */
  readonly resource: string
  /** Absent: all namespaces, or a resource that has none. */
  readonly namespace?: string | undefined
}

/** Reads the objects that a description draws on besides the described one. */
export interface DescribeReader {
  /** Throws StatusError. */
  get(path: ResourcePath & { readonly name: string }): Promise<KubeObject>
  /** All items, page by page. Throws StatusError. */
  list(
    path: ResourcePath,
    options?: { readonly labelSelector?: string; readonly fieldSelector?: string },
  ): Promise<KubeObject[]>
}

/** How to describe. */
export interface DescribeOptions {
  readonly showEvents: boolean
  /** Milliseconds since 1970, for ages. */
  readonly now: number
}

/** What describers draw on. */
export interface DescribeContext extends DescribeOptions {
  readonly reader: DescribeReader
}

/** Describes objects of one kind. */
export type Describer = (object: KubeObject, w: PrefixWriter, context: DescribeContext) => void | Promise<void>

/** Sees a JSON object as the API type it has. */
export function as<T>(object: KubeObject): T {
  return object as unknown as T
}

/** The items of a list, typed. */
export async function listOf<T>(
  reader: DescribeReader,
  path: ResourcePath,
  options?: { labelSelector?: string; fieldSelector?: string },
): Promise<T[]> {
  return (await reader.list(path, options)) as unknown as T[]
}
