// Builds a container's environment: envFrom, then env with its references, then the services.

import type { ConfigMap, EnvFromSource, EnvVar, Secret, Service } from '../../api/generated/core-v1.ts'
import type { DeepReadonly } from '../../machinery/deep-readonly.ts'
import { expand } from './expand.ts'
import { type FieldContext, fieldValue, resourceFieldValue } from './field-ref.ts'
import { serviceEnv, visibleServices } from './service-env.ts'
import type { ApiContainer } from './types.ts'

/** Gives the config maps and secrets that a pod refers to; undefined when there is none of that name. */
export interface ObjectReader {
  configMap(namespace: string, name: string): Promise<DeepReadonly<ConfigMap> | undefined>
  secret(namespace: string, name: string): Promise<DeepReadonly<Secret> | undefined>
}

export interface EnvContext extends FieldContext {
  readonly objects: ObjectReader
  readonly services: readonly DeepReadonly<Service>[]
  /** Text of a file in one of the pod's volumes, for fileKeyRef; undefined when there is no such file. */
  readFile(volume: string, path: string): Promise<string | undefined>
}

/** The variables in the order they are handed to the runtime; later names win over earlier ones. */
export async function buildEnv(container: ApiContainer, context: EnvContext): Promise<Map<string, string>> {
  const { pod } = context
  const links = pod.spec.enableServiceLinks ?? true
  const services = serviceEnv(visibleServices(context.services, pod.metadata.namespace, links))
  const env = new Map<string, string>()
  for (const source of container.envFrom ?? []) {
    for (const [key, value] of await readEnvFrom(source, context)) env.set(`${source.prefix ?? ''}${key}`, value)
  }
  const lookup = (name: string) => env.get(name) ?? services.get(name)
  for (const variable of container.env ?? []) {
    const value = variable.valueFrom
      ? await readValueFrom(variable, container, context)
      : expand(variable.value ?? '', lookup)
    if (value === undefined) continue
    env.delete(variable.name)
    env.set(variable.name, value)
  }
  for (const [name, value] of services) if (!env.has(name)) env.set(name, value)
  return env
}

async function readEnvFrom(
  source: DeepReadonly<EnvFromSource>,
  { pod, objects }: EnvContext,
): Promise<[string, string][]> {
  const { namespace } = pod.metadata
  if (source.configMapRef) {
    const { name = '', optional } = source.configMapRef
    const found = await objects.configMap(namespace, name)
    if (!found && !optional) throw new Error(`configmap "${name}" not found`)
    return Object.entries(found?.data ?? {})
  }
  if (source.secretRef) {
    const { name = '', optional } = source.secretRef
    const found = await objects.secret(namespace, name)
    if (!found && !optional) throw new Error(`secret "${name}" not found`)
    return Object.entries(found?.data ?? {}).map(([k, v]) => [k, Buffer.from(v, 'base64').toString()])
  }
  return []
}

async function readValueFrom(
  variable: DeepReadonly<EnvVar>,
  container: ApiContainer,
  context: EnvContext,
): Promise<string | undefined> {
  const { namespace } = context.pod.metadata
  const from = variable.valueFrom ?? {}
  if (from.fieldRef) return fieldValue(from.fieldRef, context)
  if (from.resourceFieldRef) return resourceFieldValue(from.resourceFieldRef, container.name, context)
  if (from.configMapKeyRef) {
    const { name = '', key, optional } = from.configMapKeyRef
    const found = await context.objects.configMap(namespace, name)
    if (!found && !optional) throw new Error(`configmap "${name}" not found`)
    const value = found?.data?.[key]
    if (value === undefined && !optional) throw new Error(`couldn't find key ${key} in ConfigMap ${namespace}/${name}`)
    return value
  }
  if (from.secretKeyRef) {
    const { name = '', key, optional } = from.secretKeyRef
    const found = await context.objects.secret(namespace, name)
    if (!found && !optional) throw new Error(`secret "${name}" not found`)
    const value = found?.data?.[key]
    if (value === undefined && !optional) throw new Error(`couldn't find key ${key} in Secret ${namespace}/${name}`)
    return value === undefined ? undefined : Buffer.from(value, 'base64').toString()
  }
  if (from.fileKeyRef) {
    const { volumeName, path, key, optional } = from.fileKeyRef
    const text = await context.readFile(volumeName, path)
    const value = text === undefined ? undefined : parseEnvFile(text).get(key)
    if (value === undefined && !optional)
      throw new Error(`environment variable key "${key}" not found in file "${path}"`)
    return value
  }
  return undefined
}

/** Lines of `NAME=value`; blank lines and `#` comments are skipped, quotes around a value are taken off. */
function parseEnvFile(text: string): Map<string, string> {
  const out = new Map<string, string>()
  for (const line of text.split('\n')) {
    const match = /^\s*([^#=\s][^=]*?)\s*=\s*(.*?)\s*$/.exec(line)
    if (match?.[1]) out.set(match[1], (match[2] ?? '').replace(/^(['"])(.*)\1$/, '$2'))
  }
  return out
}
