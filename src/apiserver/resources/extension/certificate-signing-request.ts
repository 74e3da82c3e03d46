// certificatesigningrequests. Rules and wording: k8s.io/kubernetes/pkg/apis/certificates/validation.

import type {
  CertificateSigningRequest,
  CertificateSigningRequestCondition,
  CertificateSigningRequestSpec,
} from '../../../api/generated/certificates-v1.ts'
import { formatTime } from '../../../machinery/clock.ts'
import { humanDuration } from '../../../machinery/duration.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { pathSegmentProblem } from '../../../machinery/names.ts'
import { certificateProblem, certificateRequestProblem } from '../../../machinery/pkcs10.ts'
import { defineResource } from '../../resource-definition.ts'
import { ageColumn, nameColumn, text } from '../columns/common.ts'
import { checkOptionalEnum } from '../core/field-checks.ts'
import { validateSignerName } from './signer-name.ts'

const LEGACY_SIGNER = 'kubernetes.io/legacy-unknown'
const MIN_SECONDS = 600
const USAGES = [
  'any',
  'cert sign',
  'client auth',
  'code signing',
  'content commitment',
  'crl sign',
  'data encipherment',
  'decipher only',
  'digital signature',
  'email protection',
  'encipher only',
  'ipsec end system',
  'ipsec tunnel',
  'ipsec user',
  'key agreement',
  'key encipherment',
  'microsoft sgc',
  'netscape sgc',
  'ocsp signing',
  's/mime',
  'server auth',
  'signing',
  'timestamping',
]
const STATUSES = ['False', 'True', 'Unknown']
/** Conditions that are there or not. */
const TRUE_ONLY = ['Approved', 'Denied', 'Failed']
const DECISIONS = ['Approved', 'Denied']
const CONDITIONS_AT = 'status.conditions'
const CERTIFICATE_AT = 'status.certificate'

export const certificateSigningRequests = defineResource<CertificateSigningRequest>({
  group: 'certificates.k8s.io',
  resource: 'certificatesigningrequests',
  shortNames: ['csr'],
  generation: false,
  resets: { '': ['spec', 'status'], status: ['spec', 'status.conditions'], approval: ['spec', 'status.certificate'] },
  nameProblem: pathSegmentProblem,
  // What is asked for is settled when the request is made.
  validateCreate: ({ spec }) => validateSpec(spec),
  prepareCreate({ spec }, { user }) {
    // Whatever the client wrote: the request is made by whoever sent it.
    spec.username = user.name
    spec.groups = [...user.groups]
    if (user.uid) spec.uid = user.uid
    else delete spec.uid
    if (user.extra) spec.extra = Object.fromEntries(Object.entries(user.extra).map(([k, v]) => [k, [...v]]))
    else delete spec.extra
  },
  prepareUpdate(request, old) {
    request.spec = old.spec
  },
  prepareStatusUpdate(request, old, { now }) {
    for (const type of DECISIONS) keepCondition(request, old, type)
    setTimes(request, old, formatTime(now))
  },
  validateStatusUpdate: (request, old) => [
    ...validateConditions(request, old),
    ...validateCertificate(request, old),
    ...validateKept(request, old),
    ...validateDecisions(request, old),
    ...(old.status.certificate && request.status.certificate !== old.status.certificate
      ? [field.forbidden(CERTIFICATE_AT, 'updates may not modify existing certificate content')]
      : []),
  ],
  subresources: {
    approval: {
      prepareUpdate: (request, old, { now }) => setTimes(request, old, formatTime(now)),
      validateUpdate: (request, old) => [...validateConditions(request, old), ...validateKept(request, old)],
    },
  },
  selectableFields: { 'spec.signerName': (csr) => csr.spec.signerName },
  columns: [
    nameColumn,
    ageColumn,
    text('SignerName', (csr) => csr.spec.signerName || '<none>'),
    text('Requestor', (csr) => csr.spec.username ?? ''),
    text('RequestedDuration', (csr) =>
      csr.spec.expirationSeconds !== undefined ? humanDuration(csr.spec.expirationSeconds * 1000) : '<none>',
    ),
    text('Condition', requestStatus),
  ],
})

function requestStatus({ status }: CertificateSigningRequest): string {
  const has = (type: string) => (status.conditions ?? []).some((c) => c.type === type)
  const parts = [has('Denied') ? 'Denied' : has('Approved') ? 'Approved' : 'Pending']
  if (has('Failed')) parts.push('Failed')
  if (status.certificate) parts.push('Issued')
  return parts.join(',')
}

const ofType = ({ status }: CertificateSigningRequest, type: string) =>
  (status.conditions ?? []).filter((condition) => condition.type === type)

/** Approval and denial are as they were where there are as many of them. */
function keepCondition(request: CertificateSigningRequest, old: CertificateSigningRequest, type: string): void {
  const before = ofType(old, type)
  if (before.length === 0 || ofType(request, type).length !== before.length) return
  let next = 0
  request.status.conditions = (request.status.conditions ?? []).map((condition) =>
    condition.type === type ? (before[next++] ?? condition) : condition,
  )
}

function setTimes({ status }: CertificateSigningRequest, old: CertificateSigningRequest, now: string): void {
  if (!status.conditions) return
  status.conditions = status.conditions.map((condition): CertificateSigningRequestCondition => {
    const { type, status: value, lastUpdateTime, lastTransitionTime } = condition
    if (lastUpdateTime && lastTransitionTime) return condition
    const same = ofType(old, type).find((other) => other.status === value && other.lastTransitionTime)
    return {
      ...condition,
      lastUpdateTime: lastUpdateTime ?? now,
      lastTransitionTime: lastTransitionTime ?? same?.lastTransitionTime ?? now,
    }
  })
}

function validateSpec(spec: CertificateSigningRequestSpec): FieldError[] {
  const { usages = [], signerName = '', expirationSeconds: seconds } = spec
  const request = spec.request ?? ''
  const errors: FieldError[] = []
  const problem = certificateRequestProblem(Buffer.from(request, 'base64').toString())
  if (problem) errors.push(field.invalid('spec.request', request, problem))
  if (usages.length === 0) errors.push(field.required('spec.usages'))
  errors.push(...usages.flatMap((usage, i) => checkOptionalEnum(`spec.usages[${i}]`, usage, USAGES)))
  for (const [i, usage] of usages.entries()) {
    if (usages.indexOf(usage) < i) errors.push(field.duplicate(`spec.usages[${i}]`, usage))
  }
  if (signerName === LEGACY_SIGNER) {
    const why = 'the legacy signerName is not allowed via this API version'
    errors.push(field.invalid('spec.signerName', signerName, why))
  } else errors.push(...validateSignerName('spec.signerName', signerName))
  if (seconds !== undefined && seconds < MIN_SECONDS) {
    const why = 'may not specify a duration less than 600 seconds (10 minutes)'
    errors.push(field.invalid('spec.expirationSeconds', seconds, why))
  }
  return errors
}

/** What an older object has may stay. */
function validateConditions({ status }: CertificateSigningRequest, old: CertificateSigningRequest): FieldError[] {
  const before = old.status.conditions ?? []
  const typesBefore = before.map(({ type }) => type)
  const mayRepeat = new Set(typesBefore).size < before.length
  const mayContradict = DECISIONS.every((type) => typesBefore.includes(type))
  const errors: FieldError[] = []
  const seen = new Set<string>()
  for (const [i, { type, status: value }] of (status.conditions ?? []).entries()) {
    const at = `${CONDITIONS_AT}[${i}]`
    if (!type && !typesBefore.includes('')) errors.push(field.required(`${at}.type`))
    if (!value) errors.push(field.required(`${at}.status`))
    else errors.push(...checkOptionalEnum(`${at}.status`, value, TRUE_ONLY.includes(type) ? ['True'] : STATUSES))
    const opposite = type === 'Approved' ? 'Denied' : type === 'Denied' ? 'Approved' : undefined
    if (opposite && seen.has(opposite) && !mayContradict) {
      errors.push(field.invalid(CONDITIONS_AT, type, 'Approved and Denied conditions are mutually exclusive'))
    }
    if (seen.has(type) && !mayRepeat) errors.push(field.duplicate(`${at}.type`, type))
    seen.add(type)
  }
  return errors
}

function validateCertificate({ status }: CertificateSigningRequest, old: CertificateSigningRequest): FieldError[] {
  if (!status.certificate || status.certificate === old.status.certificate) return []
  const problem = certificateProblem(Buffer.from(status.certificate, 'base64').toString())
  return problem ? [field.invalid(CERTIFICATE_AT, '<certificate data>', problem)] : []
}

/** What was decided is not taken back. */
function validateKept(request: CertificateSigningRequest, old: CertificateSigningRequest): FieldError[] {
  return TRUE_ONLY.filter((type) => ofType(request, type).length < ofType(old, type).length).map((type) =>
    field.forbidden(CONDITIONS_AT, `updates may not remove a condition of type "${type}"`),
  )
}

/** Only the approval subresource decides. */
function validateDecisions(request: CertificateSigningRequest, old: CertificateSigningRequest): FieldError[] {
  return DECISIONS.filter((type) => ofType(request, type).length > ofType(old, type).length).map((type) =>
    field.forbidden(CONDITIONS_AT, `updates may not add a condition of type "${type}"`),
  )
}
