// The options of a request as webhooks and policies see them.

import type { AdmissionAttributes } from '../admission.ts'

const VERSION = 'meta.k8s.io/v1'

/** CreateOptions, UpdateOptions or DeleteOptions; null for CONNECT. */
export function operationOptions(attributes: AdmissionAttributes): object | null {
  const { operation, context, deleteOptions, dryRun } = attributes
  const common = dryRun ? { dryRun: ['All'] } : {}
  switch (operation) {
    case 'CONNECT':
      return null
    case 'DELETE':
      return { ...deleteOptions, kind: 'DeleteOptions', apiVersion: VERSION, ...common }
    default: {
      const { fieldManager, fieldValidation } = context
      const kind = operation === 'CREATE' ? 'CreateOptions' : 'UpdateOptions'
      return { kind, apiVersion: VERSION, ...common, ...(fieldManager ? { fieldManager } : {}), fieldValidation }
    }
  }
}
