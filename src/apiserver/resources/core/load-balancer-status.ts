// What may be written to the status of a service. Upstream: ValidateLoadBalancerStatus of pkg/apis/core/validation.

import { isIP } from 'node:net'
import type { Service } from '../../../api/generated/core-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { checkAddress, checkOptionalEnum, checkSubdomain } from './field-checks.ts'

const IP_MODES = ['Proxy', 'VIP']

/** Addresses are virtual ones where nothing else is said. */
export function defaultIpModes({ spec, status }: Service): void {
  if (spec.type !== 'LoadBalancer') return
  for (const ingress of status.loadBalancer?.ingress ?? []) if (ingress.ip) ingress.ipMode ??= 'VIP'
}

/** Problems of where a service is said to be reached. */
export function validateServiceStatus({ spec, status }: Service, old: Service): FieldError[] {
  const ingresses = status.loadBalancer?.ingress ?? []
  if (ingresses.length === 0) return []
  const path = 'status.loadBalancer.ingress'
  if (spec.type !== 'LoadBalancer')
    return [field.forbidden(path, "may only be used when `spec.type` is 'LoadBalancer'")]
  const known = new Set(old.status.loadBalancer?.ingress?.map(({ ip }) => ip))
  return ingresses.flatMap(({ ip = '', ipMode, hostname = '' }, i) => {
    const at = `${path}[${i}]`
    const errors = ip !== '' && !known.has(ip) ? checkAddress(`${at}.ip`, ip) : []
    if (ipMode !== undefined && ip === '') {
      errors.push(field.forbidden(`${at}.ipMode`, 'may not be specified when `ip` is not set'))
    } else errors.push(...checkOptionalEnum(`${at}.ipMode`, ipMode, IP_MODES))
    if (hostname === '') return errors
    errors.push(...checkSubdomain(`${at}.hostname`, hostname))
    if (isIP(hostname) > 0) {
      errors.push(field.invalid(`${at}.hostname`, hostname, 'must be a DNS name, not an IP address'))
    }
    return errors
  })
}
