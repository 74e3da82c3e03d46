// The options of writes, from the query and for deletions from the body.
// Spec: https://kubernetes.io/docs/reference/kubernetes-api/common-parameters/common-parameters/

import type { DeleteOptions } from '../../api/generated/meta-v1.ts'
import { DecodeError, decode } from '../../machinery/decode.ts'
import { badRequest, type FieldError, field, invalid } from '../../machinery/errors.ts'
import { isRecord } from '../api-object.ts'
import { shownOptions } from '../audit/sent-object.ts'
import { notAnObject, notRegistered } from '../registry/decode-body.ts'
import { checkDeleteOptions, dryRunProblems } from '../registry/deletion.ts'
import { MAX_MANAGER, managerProblems, UNPRINTABLE } from '../registry/manager-rules.ts'
import type { RequestContext } from '../registry/registry.ts'
import { parseBody, readBody } from './body.ts'
import type { Request } from './exchange.ts'
import { integerOf, switchOf } from './query.ts'
import type { RequestInfo } from './request-info.ts'
import type { ResourceRequest } from './resource-request.ts'

const DELETE_OPTIONS = 'io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions'

/** Whether nothing is to be kept. */
export function dryRunOf(values: readonly string[]): boolean {
  return values.includes('All')
}

/** The manager a request names, or else the program that makes it. */
export function fieldManagerOf(request: Request, info: RequestInfo): string {
  const named = info.query.get('fieldManager')
  if (named) return named
  const [program = ''] = (request.headers['user-agent'] ?? '').split('/')
  return program.replace(UNPRINTABLE, '').slice(0, MAX_MANAGER)
}

/**
 * Throws Invalid when the options of a write are not valid; `others` are problems that are known already.
 * Model: ValidateCreateOptions and its siblings.
 */
export function checkWriteOptions(kind: string, { info }: ResourceRequest, others: readonly FieldError[] = []): void {
  const validation = info.query.get('fieldValidation') ?? ''
  const problems = [
    ...others,
    ...managerProblems('fieldManager', info.query.get('fieldManager') ?? ''),
    ...dryRunProblems(info.query.getAll('dryRun')),
  ]
  if (!VALIDATIONS.includes(validation)) problems.push(field.notSupported('fieldValidation', validation, VALIDATIONS))
  if (problems.length > 0) throw invalid({ group: 'meta.k8s.io', kind }, '', problems)
}

const VALIDATIONS = ['', 'Ignore', 'Strict', 'Warn']

/** What is to be done about unknown fields; other words are refused with the options. */
export function fieldValidationOf(value: string | null): RequestContext['fieldValidation'] {
  return value === 'Ignore' || value === 'Strict' ? value : 'Warn'
}

/** Options of a deletion: the body, or the query of who sends none. */
export async function deleteOptionsOf({ request, info, cbor, trail }: ResourceRequest): Promise<DeleteOptions> {
  const bytes = await readBody(request)
  const options = bytes.length === 0 ? optionsFromQuery(info.query) : optionsFromBody(bytes, request, cbor)
  if (bytes.length > 0) trail?.sent(() => shownOptions(options))
  checkDeleteOptions(options)
  return options
}

function optionsFromBody(bytes: Buffer, request: Request, cbor: boolean): DeleteOptions {
  const body = parseBody(bytes, request.headers['content-type'], { kind: '', cbor })
  if (!isRecord(body)) throw badRequest(notAnObject(body))
  const kind = String(body.kind ?? '')
  if (kind !== 'DeleteOptions' && kind !== '') {
    throw badRequest(notRegistered(kind, String(body.apiVersion ?? 'meta.k8s.io/v1')))
  }
  try {
    return decode(DELETE_OPTIONS, body).object as DeleteOptions
  } catch (error) {
    if (!(error instanceof DecodeError)) throw error
    throw badRequest(error.message, { cause: error })
  }
}

function optionsFromQuery(query: URLSearchParams): DeleteOptions {
  const grace = integerOf(query, 'gracePeriodSeconds')
  const policy = query.get('propagationPolicy')
  const orphan = switchOf(query, 'orphanDependents')
  const dryRun = query.getAll('dryRun')
  return {
    ...(grace === null ? {} : { gracePeriodSeconds: grace }),
    ...(policy === null ? {} : { propagationPolicy: policy }),
    ...(orphan === undefined ? {} : { orphanDependents: orphan }),
    ...(dryRun.length === 0 ? {} : { dryRun }),
  }
}
