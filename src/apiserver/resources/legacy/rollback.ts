// POST deployments/rollback of extensions/v1beta1 and apps/v1beta1: notes the revision to return to.
// The deployment controller carries it out. Model: k8s.io/kubernetes 1.15, pkg/registry/apps/deployment/storage.

import { typeRefOfKind } from '../../../api/schema.ts'
import { ROLLBACK_TO } from '../../../machinery/conversions/workloads.ts'
import { DecodeError, decode } from '../../../machinery/decode.ts'
import { badRequest, type FieldError, field, invalid } from '../../../machinery/errors.ts'
import type { VirtualCreate } from '../../api.ts'
import { type ApiObject, isRecord, type StoredObject } from '../../api-object.ts'
import type { Registry, RequestContext } from '../../registry/registry.ts'
import { update } from '../../registry/update.ts'

const KIND = 'DeploymentRollback'

interface Rollback {
  readonly name?: string
  readonly updatedAnnotations?: Readonly<Record<string, string>>
  readonly rollbackTo?: { readonly revision?: number }
}

/** Answers a request to roll a deployment back. */
export function rollback(registry: Registry): VirtualCreate {
  return async ({ name, body, context }) => {
    const wanted = decodeRollback(body, context)
    const errors = problemsOf(wanted)
    if (errors.length > 0) throw invalid({ group: 'apps', kind: KIND }, wanted.name ?? '', errors)
    if (wanted.name !== name) {
      throw badRequest(`name in URL does not match name in DeploymentRollback object: ${wanted.name}`)
    }
    const transform = (current: StoredObject | undefined) => {
      const object = structuredClone(current) as ApiObject
      const revision = String(wanted.rollbackTo?.revision ?? 0)
      object.metadata.annotations = {
        ...object.metadata.annotations,
        ...wanted.updatedAnnotations,
        [ROLLBACK_TO]: revision,
      }
      delete object.metadata.resourceVersion
      return object
    }
    const deployments = registry.resource('apps', 'deployments')
    await update(registry, deployments, { name, subresource: '', transform, mayCreate: false }, context)
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Success',
      message: `rollback request for deployment ${JSON.stringify(name)} succeeded`,
      code: 200,
    }
  }
}

function decodeRollback(body: unknown, { version }: RequestContext): Rollback {
  const ref = typeRefOfKind(version.group, version.version, KIND)
  const refuse = (why: string, cause?: unknown) =>
    badRequest(`${KIND} in version ${JSON.stringify(version.version)} cannot be handled as a ${KIND}: ${why}`, {
      cause,
    })
  if (!ref || !isRecord(body)) throw refuse('the body of the request must be an object')
  try {
    return decode(ref, body).object
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    throw refuse(error.message, error)
  }
}

function problemsOf({ name, rollbackTo }: Rollback): FieldError[] {
  const revision = rollbackTo?.revision ?? 0
  return [
    ...(name ? [] : [field.required('name', 'name is required')]),
    ...(revision < 0 ? [field.invalid('rollback.revision', revision, 'must be greater than or equal to 0')] : []),
  ]
}
