// Makes the flow schemas and priority levels that every cluster has, and keeps those as they should be that nobody changed.

import { flowschemas, prioritylevelconfigurations } from '../api/generated/resources.ts'
import type { ResourceRef } from '../api/resource-ref.ts'
import { flowSchemas, type Named, priorityLevels } from '../apiserver/flow-control/bootstrap-objects.ts'
import type { Client, KubeObject, New } from '../client/client.ts'
import { isReason } from '../machinery/errors.ts'
import { sameJson } from '../machinery/same-json.ts'

/** `true`: the server may change the object; otherwise it belongs to whoever wrote it. */
const AUTOUPDATE = 'apf.kubernetes.io/autoupdate-spec'
const fieldManager = 'api-priority-and-fairness-config-producer-v1'

/** Levels come first, so that no schema ever points to none. */
export async function bootstrapFlowControl(client: Client): Promise<void> {
  await ensureAll(client, prioritylevelconfigurations, priorityLevels)
  await ensureAll(client, flowschemas, flowSchemas)
}

async function ensureAll<Spec, T extends KubeObject & { spec: Spec }>(
  client: Client,
  ref: ResourceRef<T>,
  wanted: readonly Named<Spec>[],
): Promise<void> {
  const { items } = await client.list(ref)
  const byName = new Map(items.map((item) => [item.metadata.name, item]))
  await Promise.all(
    wanted.map(async ({ name, spec, mandatory }) => {
      const current = byName.get(name)
      if (!current) return create(client, ref, { metadata: { name, annotations: { [AUTOUPDATE]: 'true' } }, spec })
      const own = current.metadata.annotations?.[AUTOUPDATE] === 'true'
      if ((own || mandatory) && !sameJson(current.spec, spec)) {
        await client.update(ref, { ...current, spec }, { fieldManager })
      }
    }),
  )
}

/** Another server may have been faster. */
async function create<T extends KubeObject>(client: Client, ref: ResourceRef<T>, object: object): Promise<void> {
  try {
    await client.create(ref, object as New<T>, { fieldManager })
  } catch (error) {
    if (!isReason(error, 'AlreadyExists')) throw error
  }
}
