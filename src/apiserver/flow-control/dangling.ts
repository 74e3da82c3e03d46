// Keeps the condition of each flow schema that says whether its priority level exists.

import type { FlowSchema, FlowSchemaCondition, PriorityLevelConfiguration } from '../../api/generated/flowcontrol-v1.ts'
import { flowschemas } from '../../api/generated/resources.ts'
import type { Client } from '../../client/client.ts'
import { formatTime } from '../../machinery/clock.ts'
import type { DeepReadonly } from '../../machinery/deep-readonly.ts'
import { isReason } from '../../machinery/errors.ts'
import type { Logger } from '../../machinery/logger.ts'
import type { Registry } from '../registry/registry.ts'

const GROUP = 'flowcontrol.apiserver.k8s.io'
const MANAGER = 'api-priority-and-fairness-config-consumer-v1'

/** What the condition has to be; undefined when it is so already. */
function danglingCondition(
  schema: DeepReadonly<FlowSchema>,
  levels: ReadonlySet<string>,
  now: string,
): FlowSchemaCondition | undefined {
  const { name } = schema.spec.priorityLevelConfiguration
  const found = levels.has(name)
  const current = schema.status?.conditions?.find(({ type }) => type === 'Dangling')
  const status = found ? 'False' : 'True'
  const reason = found ? 'Found' : 'NotFound'
  const about = `This FlowSchema references the PriorityLevelConfiguration object named ${JSON.stringify(name)}`
  const message = `${about} ${found ? 'and it exists' : 'but there is no such object'}`
  if (current?.status === status && current.reason === reason && current.message === message) return undefined
  const lastTransitionTime = current?.status === status ? (current.lastTransitionTime ?? now) : now
  return { type: 'Dangling', status, lastTransitionTime, reason, message }
}

/** Follows schemas and levels; the returned function ends it. */
export async function keepDanglingConditions(options: {
  registry: Registry
  client: Client
  log: Logger
}): Promise<() => void> {
  const { registry, client, log } = options
  const schemas = registry.resource(GROUP, 'flowschemas')
  const levels = registry.resource(GROUP, 'prioritylevelconfigurations')
  const [schemaCache, levelCache] = await Promise.all([registry.cache(schemas), registry.cache(levels)])
  let running = false
  let again = false
  let ended = false

  async function once(): Promise<void> {
    const names = new Set(
      levelCache
        .entriesUnder(levels.prefix)
        .map(({ object }) => (object as unknown as PriorityLevelConfiguration).metadata.name),
    )
    const now = formatTime(registry.clock.now())
    const writes = schemaCache.entriesUnder(schemas.prefix).flatMap(({ object }) => {
      const schema = object as unknown as DeepReadonly<FlowSchema>
      const condition = danglingCondition(schema, names, now)
      return condition ? [write(schema.metadata.name, condition)] : []
    })
    await Promise.all(writes)
  }

  async function write(name: string, condition: FlowSchemaCondition): Promise<void> {
    try {
      const patch = { status: { conditions: [condition] } }
      await client.patch(flowschemas, { name }, { type: 'apply', patch, subresource: 'status', fieldManager: MANAGER })
    } catch (error) {
      if (ended || isReason(error, 'NotFound')) return
      log.error('flow-schema-status-failed', { name, error })
    }
  }

  async function run(): Promise<void> {
    again = true
    if (running) return
    running = true
    // Objects that change together are looked at together.
    while (again && !ended) {
      again = false
      await once()
    }
    running = false
  }

  const changed = () => void run()
  const stops = [schemaCache.follow(schemaCache.revision, changed), levelCache.follow(levelCache.revision, changed)]
  changed()
  return () => {
    ended = true
    for (const stop of stops) stop()
  }
}
