// Short ways to write the schemas of the Gateway API's definitions.

import type { JSONSchemaProps } from '../../api/generated/apiextensions-v1.ts'

export type Schema = JSONSchemaProps

const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?'
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`
const DOMAIN_PATH = `${SUBDOMAIN}\\/[A-Za-z0-9\\/\\-._~%!$&'()*+,;=:]+`

export const text = (options: Schema = {}): Schema => ({ type: 'string', ...options })
export const oneOf = (values: readonly string[], options: Schema = {}): Schema =>
  text({ enum: [...values], ...options })
export const integer = (options: Schema = {}): Schema => ({ type: 'integer', format: 'int32', ...options })
export const object = (properties: Record<string, Schema>, required: string[] = [], options: Schema = {}): Schema => ({
  type: 'object',
  properties,
  ...(required.length > 0 ? { required } : {}),
  ...options,
})
/** A list that is replaced as a whole, when `key` does not say what tells its items apart. */
export const list = (items: Schema, maxItems: number, options: Schema & { key?: string } = {}): Schema => {
  const { key, ...rest } = options
  const kind: Schema = key
    ? { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': [key] }
    : { 'x-kubernetes-list-type': 'atomic' }
  return { type: 'array', items, maxItems, ...kind, ...rest }
}
export const texts = (maxProperties: number, values: Schema): Schema => ({
  type: 'object',
  additionalProperties: values,
  maxProperties,
})

export const objectName = text({ minLength: 1, maxLength: 253 })
export const namespaceName = text({ minLength: 1, maxLength: 63, pattern: `^${LABEL}$` })
export const sectionName = text({ minLength: 1, maxLength: 253, pattern: `^${SUBDOMAIN}$` })
export const hostname = text({ minLength: 1, maxLength: 253, pattern: `^(\\*\\.)?${SUBDOMAIN}$` })
export const preciseHostname = text({ minLength: 1, maxLength: 253, pattern: `^${SUBDOMAIN}$` })
export const groupName = text({ maxLength: 253, pattern: `^$|^${SUBDOMAIN}$` })
export const kindName = text({ minLength: 1, maxLength: 63, pattern: '^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$' })
export const port = integer({ minimum: 1, maximum: 65535 })
export const controllerName = text({ minLength: 1, maxLength: 253, pattern: `^${DOMAIN_PATH}$` })
export const addressType = text({
  minLength: 1,
  maxLength: 253,
  pattern: `^Hostname|IPAddress|NamedAddress|${DOMAIN_PATH}$`,
})
export const protocol = text({
  minLength: 1,
  maxLength: 255,
  pattern: `^[a-zA-Z0-9]([-a-zA-Z0-9]*[a-zA-Z0-9])?$|${SUBDOMAIN}\\/[A-Za-z0-9]+$`,
})
export const headerName = text({ minLength: 1, maxLength: 256, pattern: "^[A-Za-z0-9!#$%&'*+\\-.^_\\x60|~]+$" })

/** A schema with a default. */
export const withDefault = (schema: Schema, value: unknown): Schema => ({ ...schema, default: value })

export const conditions = list(
  object(
    {
      type: text({
        maxLength: 316,
        pattern: `^(${SUBDOMAIN}/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$`,
      }),
      status: oneOf(['True', 'False', 'Unknown']),
      observedGeneration: { type: 'integer', format: 'int64', minimum: 0 },
      lastTransitionTime: text({ format: 'date-time' }),
      reason: text({ minLength: 1, maxLength: 1024, pattern: '^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$' }),
      message: text({ maxLength: 32768 }),
    },
    ['lastTransitionTime', 'message', 'reason', 'status', 'type'],
  ),
  8,
  { key: 'type' },
)

/** What conditions are before a controller has looked. */
export function pending(...types: readonly string[]) {
  return types.map((type) => ({
    type,
    status: 'Unknown',
    reason: 'Pending',
    message: 'Waiting for controller',
    lastTransitionTime: '1970-01-01T00:00:00Z',
  }))
}
