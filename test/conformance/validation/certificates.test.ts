// What is refused of certificate requests, their approval and their status.
// Rules: k8s.io/kubernetes/pkg/apis/certificates/validation.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type {
  CertificateSigningRequest,
  CertificateSigningRequestCondition,
} from '../../../src/api/generated/certificates-v1.ts'
import { certificatesigningrequests } from '../../../src/api/generated/resources.ts'
import { startTestApi, type TestApi } from '../../../src/apiserver/testing.ts'
import { minimalObject } from '../../../src/apiserver/testing-objects.ts'
import type { DeepReadonly } from '../../../src/machinery/deep-readonly.ts'
import { type Case, type Change, problemsOf, runTables } from './support.ts'

const LABEL =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"

const base = minimalObject({ group: 'certificates.k8s.io', resource: 'certificatesigningrequests' })
const { request } = base.spec as { request: string }
const bytes = (text: string) => Buffer.from(text).toString('base64')
const spec = (change: Change): Change => ({ spec: change })
const signer = (signerName: string) => spec({ signerName })

/** The request with one bit of its signature turned. */
function tampered(): string {
  const [, begin = '', body = '', end = ''] =
    /^(.*\n)([^-]*)(-.*\n)$/.exec(Buffer.from(request, 'base64').toString()) ?? []
  const der = Buffer.from(body, 'base64')
  const last = der.length - 1
  der.writeUInt8(der.readUInt8(last) ^ 1, last)
  return bytes(`${begin}${der.toString('base64')}\n${end}`)
}

const empty = bytes('-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----\n')

const cases: readonly Case[] = [
  ['ValidateCertificateRequestName', { metadata: { name: 'A:b' }, ...spec({ expirationSeconds: 600 }) }, []],
  [
    'validateCSR',
    spec({ request: bytes('a') }),
    [`spec.request: Invalid value: "${bytes('a')}": PEM block type must be CERTIFICATE REQUEST`],
  ],
  [
    'validateCSR',
    spec({ request: empty }),
    [`spec.request: Invalid value: "${empty}": asn1: syntax error: sequence truncated`],
  ],
  [
    'validateCSR',
    spec({ request: tampered() }),
    [`spec.request: Invalid value: "${tampered()}": x509: ECDSA verification failure`],
  ],
  [
    'validateCertificateSigningRequest',
    spec({ usages: [], expirationSeconds: 599 }),
    [
      'spec.usages: Required value',
      'spec.expirationSeconds: Invalid value: 599: may not specify a duration less than 600 seconds (10 minutes)',
    ],
  ],
  [
    'validateCertificateSigningRequest',
    spec({ usages: ['any', 'x', 'any'] }),
    [
      'spec.usages[1]: Unsupported value: "x": supported values: "any", "cert sign", "client auth", "code signing", "content commitment", "crl sign", "data encipherment", "decipher only", "digital signature", "email protection", "encipher only", "ipsec end system", "ipsec tunnel", "ipsec user", "key agreement", "key encipherment", "microsoft sgc", "netscape sgc", "ocsp signing", "s/mime", "server auth", "signing", "timestamping"',
      'spec.usages[2]: Duplicate value: "any"',
    ],
  ],
  [
    'validateCertificateSigningRequest',
    signer('kubernetes.io/legacy-unknown'),
    [
      'spec.signerName: Invalid value: "kubernetes.io/legacy-unknown": the legacy signerName is not allowed via this API version',
    ],
  ],
  ['ValidateCertificateSigningRequestSignerName', signer(''), ['spec.signerName: Required value']],
  ...['a.com', 'a.com/b/c'].map(
    (name): Case => [
      'ValidateCertificateSigningRequestSignerName',
      signer(name),
      [
        `spec.signerName: Invalid value: "${name}": must be a fully qualified domain and path of the form 'example.com/signer-name'`,
      ],
    ],
  ),
  [
    'ValidateCertificateSigningRequestSignerName',
    signer('A/b_'),
    [
      `spec.signerName: Invalid value: "A": validating label "A": ${LABEL}`,
      'spec.signerName: Invalid value: "A": should be a domain with at least two segments separated by dots',
      `spec.signerName: Invalid value: "b_": validating label "b_": ${SUBDOMAIN}`,
    ],
  ],
  [
    'ValidateCertificateSigningRequestSignerName',
    signer(`${'a.'.repeat(127)}com/a`),
    ['spec.signerName: Too long: may not be more than 253 bytes'],
  ],
]

runTables({ resource: certificatesigningrequests, base, create: cases })

const TIME = '2026-01-01T00:00:00Z'
const condition = (type: string, status = 'True'): CertificateSigningRequestCondition => ({ type, status })
const approved = condition('Approved')
const denied = condition('Denied')
const failed = condition('Failed')
const AT = 'status.conditions'

describe('certificate requests that exist', () => {
  let api: TestApi
  let count = 0
  beforeAll(async () => {
    api = await startTestApi()
  })
  afterAll(() => api.close())

  async function make(
    ...before: readonly CertificateSigningRequestCondition[]
  ): Promise<DeepReadonly<CertificateSigningRequest>> {
    count += 1
    const made = await api.client.create(certificatesigningrequests, {
      metadata: { name: `n${count}` },
      ...structuredClone(base as { spec: { request: string; signerName: string } }),
    })
    return before.length === 0 ? made : write('approval', made, before)
  }

  function write(
    subresource: string,
    made: DeepReadonly<CertificateSigningRequest>,
    conditions: readonly CertificateSigningRequestCondition[],
    certificate?: string,
  ) {
    const status = { ...made.status, conditions, ...(certificate === undefined ? {} : { certificate }) }
    const next = structuredClone({ ...made, status }) as CertificateSigningRequest
    return api.client.update(certificatesigningrequests, next, { subresource })
  }

  it.each<[string, CertificateSigningRequestCondition[], CertificateSigningRequestCondition[], string[]]>([
    ['validateConditions', [], [approved], []],
    ['validateConditions', [], [condition('')], [`${AT}[0].type: Required value`]],
    ['validateConditions', [], [condition('Approved', '')], [`${AT}[0].status: Required value`]],
    [
      'validateConditions',
      [],
      [condition('Approved', 'False'), condition('a', 'x')],
      [
        `${AT}[0].status: Unsupported value: "False": supported values: "True"`,
        `${AT}[1].status: Unsupported value: "x": supported values: "False", "True", "Unknown"`,
      ],
    ],
    [
      'validateConditions',
      [],
      [approved, denied],
      [`${AT}: Invalid value: "Denied": Approved and Denied conditions are mutually exclusive`],
    ],
    ['validateConditions', [], [approved, approved], [`${AT}[1].type: Duplicate value: "Approved"`]],
    ['ValidateCertificateSigningRequestApprovalUpdate', [approved], [{ ...approved, message: 'a' }], []],
    [
      'validateCertificateSigningRequestUpdate',
      [approved, failed],
      [],
      [
        `${AT}: Forbidden: updates may not remove a condition of type "Approved"`,
        `${AT}: Forbidden: updates may not remove a condition of type "Failed"`,
      ],
    ],
  ])('approval: %s: %j → %j', async (_, before, after, problems) => {
    expect(await problemsOf(write('approval', await make(...before), after))).toEqual(problems)
  })

  it.each<[string, CertificateSigningRequestCondition[], CertificateSigningRequestCondition[], string[]]>([
    ['ValidateCertificateSigningRequestStatusUpdate', [approved], [approved, failed], []],
    [
      'validateCertificateSigningRequestUpdate',
      [],
      [denied],
      [`${AT}: Forbidden: updates may not add a condition of type "Denied"`],
    ],
    [
      'validateCertificateSigningRequestUpdate',
      [approved],
      [],
      [`${AT}: Forbidden: updates may not remove a condition of type "Approved"`],
    ],
  ])('status: %s: %j → %j', async (_, before, after, problems) => {
    expect(await problemsOf(write('status', await make(...before), after))).toEqual(problems)
  })

  it('keep what was decided, and get the times that they lack', async () => {
    const made = await make({ ...approved, lastUpdateTime: TIME, lastTransitionTime: TIME })
    const { status } = await write('status', made, [{ ...approved, message: 'other' }, failed])
    expect(status.conditions).toEqual([
      { ...approved, lastUpdateTime: TIME, lastTransitionTime: TIME },
      { ...failed, lastUpdateTime: expect.any(String), lastTransitionTime: expect.any(String) },
    ])
  })

  it.each([
    ['a', 'must contain at least one CERTIFICATE PEM block'],
    [Buffer.from(request, 'base64').toString(), 'only CERTIFICATE PEM blocks are allowed, found "CERTIFICATE REQUEST"'],
    ['-----BEGIN CERTIFICATE-----\na: b\n\nAAAA\n-----END CERTIFICATE-----\n', 'no PEM block headers are permitted'],
    ['-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', 'x509: malformed certificate'],
  ])('take certificates only: %j (validateCertificate)', async (text, problem) => {
    expect(await problemsOf(write('status', await make(), [], bytes(text)))).toEqual([
      `status.certificate: Invalid value: "<certificate data>": ${problem}`,
    ])
  })

  it('take one certificate (ValidateCertificateSigningRequestStatusUpdate)', async () => {
    const made = await write('status', await make(), [], bytes(CERTIFICATE))
    expect(await problemsOf(write('status', made, [], bytes(`${CERTIFICATE}\n`)))).toEqual([
      'status.certificate: Forbidden: updates may not modify existing certificate content',
    ])
  })
})

const CERTIFICATE = `-----BEGIN CERTIFICATE-----
MIIBbzCCARWgAwIBAgIUKxs0ZQNSkEaa8qcsOleFOZoxV8gwCgYIKoZIzj0EAwIw
DDEKMAgGA1UEAwwBYTAgFw0yNjExMjEyMjE0NTNaGA8yMTI2MTAyODIyMTQ1M1ow
DDEKMAgGA1UEAwwBYTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABDPjFu0SiwHl
6VPvw6GMDLwIdyuNnCpXnXZpLtpc8yfZaAGEgiuVoYfljkebrB53fFdbDDwfp2Oz
FM+muSNCoNejUzBRMB0GA1UdDgQWBBS15l5gYV0nGnEOh8IKbd6gJMKI2TAfBgNV
HSMEGDAWgBS15l5gYV0nGnEOh8IKbd6gJMKI2TAPBgNVHRMBAf8EBTADAQH/MAoG
CCqGSM49BAMCA0gAMEUCIQCM9If/t3KPH0GDO45IJ7MMjkSY33Ed/WpIUhzgGpgZ
lwIgQCtZkPFlcRFbwAkX74stpUttaEk+n9UmAVyWQhbhMq4=
-----END CERTIFICATE-----
`
