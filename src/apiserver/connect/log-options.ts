// What is wrong with how a log is asked for.
// Model: ValidatePodLogOptions of k8s.io/kubernetes/pkg/apis/core/validation.

import { badRequest, type FieldError, field, invalid } from '../../machinery/errors.ts'
import { integerOf } from '../http/query.ts'
import type { RequestInfo } from '../http/request-info.ts'

/** Throws BadRequest for values of the wrong type, and Invalid for those that make no sense. */
export function checkLogOptions({ name, query }: Pick<RequestInfo, 'name' | 'query'>): void {
  const errors: FieldError[] = []
  const tailLines = integerOf(query, 'tailLines')
  if (tailLines !== null && tailLines < 0) {
    errors.push(field.invalid('tailLines', tailLines, 'must be greater than or equal to 0'))
  }
  const limitBytes = integerOf(query, 'limitBytes')
  if (limitBytes !== null && limitBytes < 1) {
    errors.push(field.invalid('limitBytes', limitBytes, 'must be greater than 0'))
  }
  const sinceSeconds = integerOf(query, 'sinceSeconds')
  const sinceTime = query.get('sinceTime')
  if (sinceTime && Number.isNaN(Date.parse(sinceTime))) {
    const text = JSON.stringify(sinceTime)
    throw badRequest(`parsing time ${text} as "2006-01-02T15:04:05Z07:00": cannot parse ${text} as "2006"`)
  }
  if (sinceSeconds !== null && sinceTime) {
    errors.push(field.forbidden('[]', 'at most one of `sinceTime` or `sinceSeconds` may be specified'))
  } else if (sinceSeconds !== null && sinceSeconds < 1) {
    errors.push(field.invalid('sinceSeconds', sinceSeconds, 'must be greater than 0'))
  }
  // PodLogsQuerySplitStreams is off by default.
  if (query.get('stream')) errors.push(field.forbidden('stream', 'may not be specified'))
  if (errors.length > 0) throw invalid({ group: '', kind: 'PodLogOptions' }, name, errors)
}
