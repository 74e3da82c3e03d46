// ingresses as extensions/v1beta1 and networking.k8s.io/v1beta1: a backend was a service name with a port.
// Model: k8s.io/kubernetes/pkg/apis/networking/v1beta1/conversion.go.

import { type LegacyConversion, part, records, withSpec } from './conversion.ts'
import type { VersionedObject } from './versioned-object.ts'
import { isRecord } from './versioned-object.ts'

type Json = Record<string, unknown>

function backendToStorage({ serviceName, servicePort, ...rest }: Json): Json {
  if (serviceName === undefined && servicePort === undefined) return rest
  const port = typeof servicePort === 'string' ? { name: servicePort } : { number: servicePort ?? 0 }
  return { ...rest, service: { name: serviceName ?? '', port } }
}

function backendFromStorage({ service, ...rest }: Json): Json {
  if (!isRecord(service)) return rest
  const { name, number } = part(service, 'port')
  return { ...rest, serviceName: service.name, servicePort: name ? name : (number ?? 0) }
}

function editRules(spec: Json, edit: (path: Json) => Json): Json {
  if (!Array.isArray(spec.rules)) return spec
  const rules = records(spec, 'rules').map((rule) => {
    const { http } = rule
    return isRecord(http) && http.paths ? { ...rule, http: { ...http, paths: records(http, 'paths').map(edit) } } : rule
  })
  return { ...spec, rules }
}

export const oldIngresses: LegacyConversion = {
  toStorage(object) {
    const { backend, ...spec } = part(object, 'spec')
    const converted = editRules(spec, (path) => ({
      ...path,
      pathType: path.pathType ?? 'ImplementationSpecific',
      ...(isRecord(path.backend) ? { backend: backendToStorage(path.backend) } : {}),
    }))
    return withSpec(object, isRecord(backend) ? { ...converted, defaultBackend: backendToStorage(backend) } : converted)
  },
  fromStorage(object) {
    const plain = object as VersionedObject
    const { defaultBackend, ...spec } = part(plain, 'spec')
    const converted = editRules(spec, (path) =>
      isRecord(path.backend) ? { ...path, backend: backendFromStorage(path.backend) } : path,
    )
    const backend = isRecord(defaultBackend) ? { backend: backendFromStorage(defaultBackend) } : {}
    return withSpec(plain, { ...backend, ...converted })
  },
}
