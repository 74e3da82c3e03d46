// endpoints. Spec: https://kubernetes.io/docs/reference/kubernetes-api/service-resources/endpoints-v1/

import type { EndpointAddress, EndpointPort, Endpoints } from '../../../api/generated/core-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { dnsLabelProblem, portProblem } from '../../../machinery/names.ts'
import { sameJson } from '../../../machinery/same-json.ts'
import { defineResource } from '../../resource-definition.ts'
import { ageColumn, nameColumn, text } from '../columns/common.ts'
import {
  checkAddress,
  checkEndpointAddress,
  checkEnum,
  checkQualifiedName,
  checkSubdomain,
  invalidFor,
} from './field-checks.ts'

const MAX_SHOWN = 3

/** `10.0.0.1:80,10.0.0.2:80 + 3 more...` */
function endpointsText(endpoints: Endpoints): string {
  const subsets = endpoints.subsets ?? []
  if (subsets.length === 0) return '<none>'
  const all = subsets.flatMap(({ addresses = [], ports = [] }) =>
    ports.length === 0
      ? addresses.map(({ ip }) => ip)
      : ports.flatMap(({ port }) =>
          addresses.map(({ ip }) => (ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`)),
        ),
  )
  const shown = all.slice(0, MAX_SHOWN).join(',')
  return all.length > MAX_SHOWN ? `${shown} + ${all.length - MAX_SHOWN} more...` : shown
}

export const endpoints = defineResource<Endpoints>({
  group: '',
  resource: 'endpoints',
  shortNames: ['ep'],
  deprecation: 'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
  storagePrefix: 'services/endpoints',
  createOnUpdate: true,
  defaults(object) {
    for (const subset of object.subsets ?? []) for (const port of subset.ports ?? []) port.protocol ??= 'TCP'
  },
  validate(object, old) {
    const errors: FieldError[] = []
    for (const [i, subset] of (object.subsets ?? []).entries()) {
      const at = `subsets[${i}]`
      const { addresses = [], notReadyAddresses = [], ports = [] } = subset
      if (addresses.length === 0 && notReadyAddresses.length === 0) {
        errors.push(field.required(at, 'must specify `addresses` or `notReadyAddresses`'))
      }
      for (const [name, list] of Object.entries({ addresses, notReadyAddresses })) {
        errors.push(...list.flatMap((address, n) => validateAddress(address, `${at}.${name}[${n}]`)))
      }
      errors.push(...ports.flatMap((port, n) => validatePort(port, ports.length > 1, `${at}.ports[${n}]`)))
    }
    // What was let be once may stay as long as nothing of it changes.
    return old && errors.length > 0 && sameJson(object.subsets, old.subsets) ? [] : errors
  },
  columns: [nameColumn, text('Endpoints', endpointsText), ageColumn],
})

function validateAddress({ ip = '', hostname, nodeName }: EndpointAddress, at: string): FieldError[] {
  const problems = checkAddress(`${at}.ip`, ip)
  return [
    ...problems,
    ...(hostname ? invalidFor(`${at}.hostname`, hostname, [dnsLabelProblem(hostname)]) : []),
    ...(nodeName === undefined ? [] : checkSubdomain(`${at}.nodeName`, nodeName)),
    ...(problems.length > 0 ? [] : checkEndpointAddress(`${at}.ip`, ip)),
  ]
}

function validatePort(port: EndpointPort, needsName: boolean, at: string): FieldError[] {
  const { name = '', appProtocol } = port
  const errors: FieldError[] = []
  if (name !== '') errors.push(...invalidFor(`${at}.name`, name, [dnsLabelProblem(name)]))
  else if (needsName) errors.push(field.required(`${at}.name`))
  errors.push(...invalidFor(`${at}.port`, port.port, [portProblem(port.port)]))
  errors.push(...checkEnum(`${at}.protocol`, port.protocol, ['SCTP', 'TCP', 'UDP']))
  return appProtocol === undefined ? errors : [...errors, ...checkQualifiedName(`${at}.appProtocol`, appProtocol)]
}
