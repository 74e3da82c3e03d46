// Every API error is a StatusError that carries a whole v1.Status; one constructor per reason.
// Reasons, codes and wording: k8s.io/apimachinery/pkg/api/errors.

import type { Status, StatusCause, StatusDetails } from '../api/generated/meta-v1.ts'
import { quote } from './go/format.ts'

/** A resource as error messages name it: `pods "web" not found`, `deployments.apps "web" not found`. */
export interface GroupResource {
  readonly group: string
  readonly resource: string
}

/** A kind as `Invalid` errors name it: `Pod "web" is invalid`, `Deployment.apps "web" is invalid`. */
export interface GroupKind {
  readonly group: string
  readonly kind: string
}

/** An error that is answered to a client as it is. */
export class StatusError extends Error {
  readonly status: Status

  constructor(status: Omit<Status, 'kind' | 'apiVersion' | 'metadata' | 'status'>, options?: { cause?: unknown }) {
    super(status.message, options)
    this.name = 'StatusError'
    this.status = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', ...status }
  }

  get code(): number {
    return this.status.code ?? 500
  }

  get reason(): string {
    return this.status.reason ?? ''
  }
}

/** Whether `error` is a StatusError with this reason, e.g. `isReason(error, 'NotFound')`. */
export function isReason(error: unknown, reason: string): error is StatusError {
  return error instanceof StatusError && error.reason === reason
}

function qualified(group: string, name: string): string {
  return group === '' ? name : `${name}.${group}`
}

function detailsOf(resource: GroupResource, name: string): StatusDetails {
  return {
    ...(name === '' ? {} : { name }),
    ...(resource.group === '' ? {} : { group: resource.group }),
    ...(resource.resource === '' ? {} : { kind: resource.resource }),
  }
}

export function notFound(resource: GroupResource, name: string): StatusError {
  return new StatusError({
    message: `${qualified(resource.group, resource.resource)} ${quote(name)} not found`,
    reason: 'NotFound',
    details: detailsOf(resource, name),
    code: 404,
  })
}

/** The path names nothing that is served. */
export function pageNotFound(): StatusError {
  return new StatusError({
    message: 'the server could not find the requested resource',
    reason: 'NotFound',
    details: {},
    code: 404,
  })
}

/** A request came to no answer before anything served it: over HTTP the answer is a page that names its path. Model: responsewriters.InternalError. */
export class UndecidedRequest extends StatusError {
  readonly why: string

  constructor(why: string) {
    const message = `Internal Server Error: ${why}`
    super({ message, reason: 'InternalError', details: { causes: [{ message: why }] }, code: 500 })
    this.why = why
  }
}

/** The answer is not there in time; it is told in a form of its own. Model: baseTimeoutWriter.timeout. */
export class TooLate extends StatusError {
  constructor() {
    const message = 'Timeout: request did not complete within the allotted timeout'
    super({ message, reason: 'Timeout', details: {}, code: 504 })
  }
}

/** Nobody serves anything under such a path: the answer is a page, no Status. Model: http.NotFound. */
export class NothingHere extends StatusError {
  constructor() {
    super({ message: '404 page not found', reason: 'NotFound', details: {}, code: 404 })
  }
}

export function alreadyExists(resource: GroupResource, name: string): StatusError {
  return new StatusError({
    message: `${qualified(resource.group, resource.resource)} ${quote(name)} already exists`,
    reason: 'AlreadyExists',
    details: detailsOf(resource, name),
    code: 409,
  })
}

export function generateNameConflict(resource: GroupResource, name: string): StatusError {
  return new StatusError({
    message: `${qualified(resource.group, resource.resource)} ${quote(name)} already exists, the server was not able to generate a unique name for the object`,
    reason: 'AlreadyExists',
    details: { ...detailsOf(resource, name), retryAfterSeconds: 1 },
    code: 409,
  })
}

export function conflict(resource: GroupResource, name: string, why: string): StatusError {
  return new StatusError({
    message: `Operation cannot be fulfilled on ${qualified(resource.group, resource.resource)} ${quote(name)}: ${why}`,
    reason: 'Conflict',
    details: detailsOf(resource, name),
    code: 409,
  })
}

export function unauthorized(message = 'Unauthorized'): StatusError {
  return new StatusError({ message, reason: 'Unauthorized', code: 401 })
}

export function forbidden(resource: GroupResource, name: string, why: string): StatusError {
  const what = name === '' ? '' : ` ${quote(name)}`
  return new StatusError({
    message:
      resource.resource === ''
        ? `forbidden: ${why}`
        : `${qualified(resource.group, resource.resource)}${what} is forbidden: ${why}`,
    reason: 'Forbidden',
    details: detailsOf(resource, name),
    code: 403,
  })
}

export function badRequest(message: string, options?: { cause?: unknown }): StatusError {
  return new StatusError({ message, reason: 'BadRequest', code: 400 }, options)
}

/** The resourceVersion or continue token is older than what is kept. */
export function expired(message: string): StatusError {
  return new StatusError({ message, reason: 'Expired', code: 410 })
}

export function methodNotSupported(resource: GroupResource, action: string): StatusError {
  return new StatusError({
    message: `${action} is not supported on resources of kind "${qualified(resource.group, resource.resource)}"`,
    reason: 'MethodNotAllowed',
    details: detailsOf(resource, ''),
    code: 405,
  })
}

/** The path is served, but not with this method. Model: NewGenericServerResponse. */
export function methodNotAllowed(): StatusError {
  return new StatusError({
    message: 'the server does not allow this method on the requested resource',
    reason: 'MethodNotAllowed',
    details: {},
    code: 405,
  })
}

export function notAcceptable(accepted: readonly string[]): StatusError {
  return new StatusError({
    message: `only the following media types are accepted: ${accepted.join(', ')}`,
    reason: 'NotAcceptable',
    code: 406,
  })
}

export function unsupportedMediaType(accepted: readonly string[]): StatusError {
  return new StatusError({
    message: `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`,
    reason: 'UnsupportedMediaType',
    code: 415,
  })
}

export function requestEntityTooLarge(message: string): StatusError {
  return new StatusError({ message, reason: 'RequestEntityTooLarge', code: 413 })
}

export function serverTimeout(resource: GroupResource, action: string, retryAfterSeconds: number): StatusError {
  return new StatusError({
    message: `The ${action} operation against ${qualified(resource.group, resource.resource)} could not be completed at this time, please try again.`,
    reason: 'ServerTimeout',
    details: { ...detailsOf(resource, action), retryAfterSeconds },
    code: 500,
  })
}

export function internalError(message: string, options?: { cause?: unknown }): StatusError {
  return new StatusError(
    {
      message: `Internal error occurred: ${message}`,
      reason: 'InternalError',
      details: { causes: [{ message }] },
      code: 500,
    },
    options,
  )
}

/** An error that upstream has no kind of: its words, as a problem of the server. Model: ErrorToAPIStatus. */
export function serverProblem(message: string, options?: { cause?: unknown }): StatusError {
  return new StatusError({ message, code: 500 }, options)
}

/** One problem found by validation. Types and wording: k8s.io/apimachinery/pkg/util/validation/field. */
export interface FieldError {
  readonly type:
    | 'FieldValueNotFound'
    | 'FieldValueRequired'
    | 'FieldValueDuplicate'
    | 'FieldValueInvalid'
    | 'FieldValueNotSupported'
    | 'FieldValueForbidden'
    | 'FieldValueTooLong'
    | 'FieldValueTooMany'
    | 'FieldValueTypeInvalid'
    | 'InternalError'
  readonly path: string
  readonly message: string
}

/** Texts as `%q`, everything else as Go's encoder writes it, which spares HTML. Model: Error.ErrorBody. */
function show(value: unknown): string {
  if (typeof value === 'string') return quote(value)
  const json = JSON.stringify(value) ?? 'null'
  return json.replace(/[<>&\u2028\u2029]/g, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** Constructors of field errors with upstream's wording. */
export const field = {
  required: (path: string, detail = ''): FieldError => ({
    type: 'FieldValueRequired',
    path,
    message: `Required value${detail === '' ? '' : `: ${detail}`}`,
  }),
  invalid: (path: string, value: unknown, detail: string): FieldError => ({
    type: 'FieldValueInvalid',
    path,
    message: `Invalid value: ${show(value)}: ${detail}`,
  }),
  notSupported: (path: string, value: unknown, supported: readonly string[]): FieldError => ({
    type: 'FieldValueNotSupported',
    path,
    message: `Unsupported value: ${show(value)}: supported values: ${supported.map(show).join(', ')}`,
  }),
  duplicate: (path: string, value: unknown): FieldError => ({
    type: 'FieldValueDuplicate',
    path,
    message: `Duplicate value: ${show(value)}`,
  }),
  forbidden: (path: string, detail: string): FieldError => ({
    type: 'FieldValueForbidden',
    path,
    message: detail === '' ? 'Forbidden' : `Forbidden: ${detail}`,
  }),
  notFound: (path: string, value: unknown): FieldError => ({
    type: 'FieldValueNotFound',
    path,
    message: `Not found: ${show(value)}`,
  }),
  tooLong: (path: string, max: number): FieldError => ({
    type: 'FieldValueTooLong',
    path,
    message: `Too long: may not be more than ${max} bytes`,
  }),
  tooMany: (path: string, actual: number, max: number): FieldError => ({
    type: 'FieldValueTooMany',
    path,
    message: `Too many: ${actual}: must have at most ${max} ${max === 1 ? 'item' : 'items'}`,
  }),
} as const

/** 422 with every problem as a cause. */
export function invalid(kind: GroupKind, name: string, errors: readonly FieldError[]): StatusError {
  const causes: StatusCause[] = errors.map((e) => ({ reason: e.type, message: e.message, field: e.path }))
  const texts = [...new Set(errors.map((e) => `${e.path}: ${e.message}`))]
  const summary = texts.length === 1 ? texts[0] : `[${texts.join(', ')}]`
  return new StatusError({
    message: `${qualified(kind.group, kind.kind)} ${quote(name)} is invalid${errors.length === 0 ? '' : `: ${summary}`}`,
    reason: 'Invalid',
    details: {
      ...(name === '' ? {} : { name }),
      ...(kind.group === '' ? {} : { group: kind.group }),
      ...(kind.kind === '' ? {} : { kind: kind.kind }),
      causes,
    },
    code: 422,
  })
}
