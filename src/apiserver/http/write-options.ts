// The options of writes, from the query and for deletions from the body.
// Spec: https://kubernetes.io/docs/reference/kubernetes-api/common-parameters/common-parameters/

import type { DeleteOptions } from '../../api/generated/meta-v1.ts'
import { DecodeError, decode } from '../../machinery/decode.ts'
import { badRequest, type FieldError, field, invalid } from '../../machinery/errors.ts'
import { isRecord } from '../api-object.ts'
import type { RequestContext } from '../registry/registry.ts'
import { parseBody, readBody } from './body.ts'
import type { Request } from './exchange.ts'
import { integerOf, switchOf } from './query.ts'
import type { RequestInfo } from './request-info.ts'
import type { ResourceRequest } from './resource-request.ts'

const DELETE_OPTIONS = 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions'

/** Whether nothing is to be kept. Throws BadRequest for anything but "All". */
export function dryRunOf(values: readonly string[]): boolean {
  const given = values.filter((v) => v !== '')
  if (given.length === 0) return false
  for (const value of given) {
    if (value !== 'All') {
      throw badRequest(`dryRun: Unsupported value: ${JSON.stringify(value)}: supported values: "All"`)
    }
  }
  return true
}

const MAX_MANAGER = 128

/** The manager a request names, or else the program that makes it. */
export function fieldManagerOf(request: Request, info: RequestInfo): string {
  const named = info.query.get('fieldManager')
  if (named) return named
  const [program = ''] = (request.headers['user-agent'] ?? '').split('/')
  return program.replace(UNPRINTABLE, '').slice(0, MAX_MANAGER)
}

const UNPRINTABLE = /[^\p{L}\p{M}\p{N}\p{P}\p{S} ]/gu

/** Throws Invalid when the options of a write are not valid; `others` are problems that are known already. */
export function checkWriteOptions(kind: string, { info }: ResourceRequest, others: readonly FieldError[] = []): void {
  const manager = info.query.get('fieldManager') ?? ''
  const problems = [...others]
  if (Buffer.byteLength(manager) > MAX_MANAGER) problems.push(field.tooLong('fieldManager', MAX_MANAGER))
  if (manager !== manager.replace(UNPRINTABLE, '')) {
    problems.push(field.invalid('fieldManager', manager, 'should only contain printable characters'))
  }
  if (problems.length > 0) throw invalid({ group: 'meta.k8s.io', kind }, '', problems)
}

/** What is to be done about unknown fields. Throws BadRequest for an unknown word. */
export function fieldValidationOf(value: string | null): RequestContext['fieldValidation'] {
  if (value === null || value === '') return 'Warn'
  if (value === 'Ignore' || value === 'Warn' || value === 'Strict') return value
  throw badRequest(
    `fieldValidation: Unsupported value: ${JSON.stringify(value)}: supported values: "Ignore", "Strict", "Warn"`,
  )
}

/** Options of a deletion: the body, or for old clients the query. */
export async function deleteOptionsOf({ request, info, cbor }: ResourceRequest): Promise<DeleteOptions> {
  const bytes = await readBody(request)
  const fromQuery = optionsFromQuery(info.query)
  if (bytes.length === 0) return fromQuery
  const body = parseBody(bytes, request.headers['content-type'], { cbor })
  if (!isRecord(body)) throw badRequest('the body of a delete request must be a DeleteOptions object')
  try {
    return { ...fromQuery, ...(decode(DELETE_OPTIONS, body).object as DeleteOptions) }
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    throw badRequest(`DeleteOptions in version "v1" cannot be handled as a DeleteOptions: ${error.message}`, {
      cause: error,
    })
  }
}

function optionsFromQuery(query: URLSearchParams): DeleteOptions {
  const grace = integerOf(query, 'gracePeriodSeconds')
  const policy = query.get('propagationPolicy')
  const orphan = switchOf(query, 'orphanDependents')
  return {
    ...(grace === null ? {} : { gracePeriodSeconds: grace }),
    ...(policy === null ? {} : { propagationPolicy: policy }),
    ...(orphan === undefined ? {} : { orphanDependents: orphan }),
  }
}
