// Definitions of the kinds beyond the core workloads.

import type { ResourceDefinition } from '../../resource-definition.ts'

export const otherDefinitions: readonly ResourceDefinition[] = []
