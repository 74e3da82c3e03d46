// OpenAPI v2 and v3 documents, made from the schema on first use.

import type { OpenApiHandler } from '../http/system-handler.ts'
import type { Registry } from '../registry/registry.ts'

/** The handler of everything under /openapi. */
export function createOpenApiHandler(_registry: Registry): OpenApiHandler {
  return () => false
}
