// DenyServiceExternalIPs: services get no more external addresses.

import type { Service } from '../../../api/generated/core-v1.ts'
import { forbidden } from '../../../machinery/errors.ts'
import type { AdmissionPlugin } from '../admission.ts'

export const denyServiceExternalIPs: AdmissionPlugin = {
  name: 'DenyServiceExternalIPs',
  validate({ operation, resource, subresource, name, object, old }) {
    if (resource.group !== '' || resource.resource !== 'services' || subresource !== '') return
    if (operation !== 'CREATE' && operation !== 'UPDATE') return
    const addresses = (service: unknown) => (service as Service | undefined)?.spec.externalIPs ?? []
    const before = new Set(addresses(old))
    if (addresses(object).every((address) => before.has(address))) return
    throw forbidden(resource, name, 'Use of external IPs is denied by admission control')
  },
}
