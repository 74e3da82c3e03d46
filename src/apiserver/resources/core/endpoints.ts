// endpoints. Spec: https://kubernetes.io/docs/reference/kubernetes-api/service-resources/endpoints-v1/

import type { Endpoints } from '../../../api/generated/core-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { portProblem } from '../../../machinery/names.ts'
import { defineResource } from '../../resource-definition.ts'
import { ageColumn, nameColumn, text } from '../columns/common.ts'

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
  storagePrefix: 'services/endpoints',
  createOnUpdate: true,
  defaults(object) {
    for (const subset of object.subsets ?? []) for (const port of subset.ports ?? []) port.protocol ??= 'TCP'
  },
  validate(object) {
    const errors: FieldError[] = []
    for (const [i, subset] of (object.subsets ?? []).entries()) {
      const addresses = [...(subset.addresses ?? []), ...(subset.notReadyAddresses ?? [])]
      if (addresses.length === 0)
        errors.push(field.required(`subsets[${i}]`, 'must specify `addresses` or `notReadyAddresses`'))
      for (const [p, port] of (subset.ports ?? []).entries()) {
        const problem = portProblem(port.port)
        if (problem) errors.push(field.invalid(`subsets[${i}].ports[${p}].port`, port.port, problem))
      }
    }
    return errors
  },
  columns: [nameColumn, text('Endpoints', endpointsText), ageColumn],
})
