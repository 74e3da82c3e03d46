// Gives a cluster the definitions of the Gateway API and a class. What is there, whoever made it, stays as it is.

import type { CustomResourceDefinition } from '../../api/generated/apiextensions-v1.ts'
import { customresourcedefinitions } from '../../api/generated/resources.ts'
import { apiVersionOf, type ResourceRef } from '../../api/resource-ref.ts'
import type { Client, KubeObject, New } from '../../client/client.ts'
import type { DeepReadonly } from '../../machinery/deep-readonly.ts'
import { isReason } from '../../machinery/errors.ts'
import { GATEWAY_DEFINITIONS } from './definitions.ts'
import { BUNDLE_VERSION_ANNOTATION, GATEWAY_CLASS, GATEWAY_CONTROLLER } from './names.ts'
import { gatewayclasses } from './types.ts'

const NAMES = GATEWAY_DEFINITIONS.flatMap(({ metadata }) => metadata.name ?? [])

/** Whether all definitions are there, as at every start but the first. */
export async function hasDefinitions(client: Client): Promise<boolean> {
  const { items } = await client.list(customresourcedefinitions)
  return NAMES.every((name) => items.some(({ metadata }) => metadata.name === name))
}

/** Makes what is not there, and waits until all of it is served. Gives the versions that the definitions say they have. */
export async function ensureGatewayApi(client: Client, signal: AbortSignal): Promise<readonly string[]> {
  const { items } = await client.list(customresourcedefinitions)
  for (const definition of GATEWAY_DEFINITIONS) {
    if (!items.some(({ metadata }) => metadata.name === definition.metadata.name)) {
      await createUnlessThere(client, customresourcedefinitions, definition)
    }
  }
  const versions = await established(client, signal)
  await createUnlessThere(client, gatewayclasses, {
    metadata: { name: GATEWAY_CLASS },
    spec: { controllerName: GATEWAY_CONTROLLER },
  })
  return versions
}

async function createUnlessThere<T extends KubeObject>(
  client: Client,
  ref: ResourceRef<T>,
  object: New<T>,
): Promise<void> {
  try {
    await client.create(ref, { apiVersion: apiVersionOf(ref), kind: ref.kind, ...object })
  } catch (error) {
    if (!isReason(error, 'AlreadyExists')) throw error
  }
}

async function established(client: Client, signal: AbortSignal): Promise<readonly string[]> {
  const versions = new Map<string, string>()
  const enough = new AbortController()
  const either = AbortSignal.any([signal, enough.signal])
  for await (const event of client.watch(customresourcedefinitions, { signal: either })) {
    if (event.type === 'BOOKMARK' || !isEstablished(event.object)) continue
    const { name, annotations } = event.object.metadata
    if (NAMES.includes(name)) versions.set(name, annotations?.[BUNDLE_VERSION_ANNOTATION] ?? '')
    if (versions.size === NAMES.length) enough.abort()
  }
  signal.throwIfAborted()
  if (versions.size < NAMES.length) throw new Error('the watch of definitions ended before all were established')
  return [...versions.values()]
}

function isEstablished({ status }: DeepReadonly<CustomResourceDefinition>): boolean {
  return (status.conditions ?? []).some(({ type, status: is }) => type === 'Established' && is === 'True')
}
