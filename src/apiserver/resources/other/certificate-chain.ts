// What a signer may answer a request of a pod with: the chain of certificates and its times.
// Model: ValidatePodCertificateRequestStatusUpdate of k8s.io/kubernetes/pkg/apis/certificates/validation.

import { X509Certificate } from 'node:crypto'
import type { PodCertificateRequest } from '../../../api/generated/certificates-v1beta1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { isKeyOfRequest } from '../../../machinery/pkcs10.ts'

const MAX_CHAIN = 100 * 1024
const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const CHAIN = 'status.certificateChain'
const NOT_BEFORE = 'status.notBefore'
const NOT_AFTER = 'status.notAfter'
const REFRESH = 'status.beginRefreshAt'
const BLOCK = /-----BEGIN ([^\n-]*)-----\r?\n([A-Za-z0-9+/=\s]*)-----END \1-----/g

/** Problems of what is issued: the first that is found. */
export function chainProblems({ spec, status }: PodCertificateRequest, now: number): FieldError[] {
  const chain = status.certificateChain ?? ''
  const wrong = (why: string) => [field.invalid(CHAIN, chain, why)]
  if (Buffer.byteLength(chain) > MAX_CHAIN) return [field.tooLong(CHAIN, MAX_CHAIN)]
  const [first, ...others] = [...chain.matchAll(BLOCK)]
  if (!first) return wrong('issued certificate chain must contain at least one certificate')
  if (first[1] !== 'CERTIFICATE')
    return wrong('issued certificate chain must consist entirely of CERTIFICATE PEM blocks')
  const leaf = certificateOf(first[2])
  if (!leaf) return wrong('leaf certificate does not parse as valid X.509')
  if (!isKeyOfRequest(leaf, spec)) return wrong('leaf certificate was not issued to the requested public key')
  const ofTimes = timeProblems(leaf, spec.maxExpirationSeconds ?? 0, status, now)
  if (ofTimes.length > 0) return ofTimes
  for (const [, type, content] of others) {
    // Upstream's spelling.
    if (type !== 'CERTIFICATE') return wrong('issued certificate chain must consist entirely of CERTFICATE PEM blocks')
    if (!certificateOf(content)) return wrong('intermediate certificate does not parse as valid X.509')
  }
  return []
}

function certificateOf(content = ''): X509Certificate | undefined {
  try {
    return new X509Certificate(Buffer.from(content, 'base64'))
  } catch {
    // Whatever is wrong with it, it is no certificate.
    return undefined
  }
}

function timeProblems(
  leaf: X509Certificate,
  maxSeconds: number,
  { notBefore, notAfter, beginRefreshAt }: PodCertificateRequest['status'],
  now: number,
): FieldError[] {
  const consistent = 'must be present and consistent with the issued certificate'
  const refreshed = 'must be present and in the range [notbefore+10min, notafter-10min]'
  if (!notBefore || !notAfter || !beginRefreshAt) {
    return [
      ...(notBefore ? [] : [field.required(NOT_BEFORE, consistent)]),
      ...(notAfter ? [] : [field.required(NOT_AFTER, consistent)]),
      ...(beginRefreshAt ? [] : [field.required(REFRESH, refreshed)]),
    ]
  }
  const [from, to, refresh] = [Date.parse(notBefore), Date.parse(notAfter), Date.parse(beginRefreshAt)]
  const [first, last] = [Date.parse(leaf.validFrom), Date.parse(leaf.validTo)]
  const lifetime = (last - first) * 1e6
  const rules: readonly (readonly [broken: boolean, path: string, value: string | number, why: string])[] = [
    [from !== first, NOT_BEFORE, notBefore, 'must be set to the NotBefore time encoded in the leaf certificate'],
    [
      Math.abs(from - now) > 5 * MINUTE_MS,
      NOT_BEFORE,
      notBefore,
      "must be set to within 5 minutes of kube-apiserver's current time",
    ],
    [to !== last, NOT_AFTER, notAfter, 'must be set to the NotAfter time encoded in the leaf certificate'],
    [last - first < HOUR_MS, CHAIN, lifetime, 'leaf certificate lifetime must be >= 1 hour'],
    [
      last - first > maxSeconds * 1000,
      CHAIN,
      lifetime,
      `leaf certificate lifetime must be <= spec.maxExpirationSeconds (${maxSeconds})`,
    ],
    [refresh < from + 10 * MINUTE_MS, REFRESH, beginRefreshAt, 'must be at least 10 minutes after status.notBefore'],
    [refresh > to - 10 * MINUTE_MS, REFRESH, beginRefreshAt, 'must be at least 10 minutes before status.notAfter'],
  ]
  const broken = rules.find(([isBroken]) => isBroken)
  return broken ? [field.invalid(broken[1], broken[2], broken[3])] : []
}
