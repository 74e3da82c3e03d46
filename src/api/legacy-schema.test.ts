import { describe, expect, it } from 'vitest'
import { decodeProtobuf, encodeProtobuf } from '../machinery/protobuf/codec.ts'
import { homeGroupOf } from './legacy-groups.ts'
import { legacyVersions } from './legacy-types.ts'
import { type FieldSchema, servedResources, successorOf, typeOf, typeRefOfKind, types } from './schema.ts'

describe('the types of retired versions', () => {
  it('refer to nothing that is not there', () => {
    const missing: string[] = []
    for (const [name, type] of Object.entries(types)) {
      for (const field of Object.values(type.fields ?? {})) {
        for (let f: FieldSchema | undefined = field; f; f = f.map ?? f.items) {
          if (f.ref && !types[f.ref]) missing.push(`${name} → ${f.ref}`)
        }
      }
    }
    expect(missing).toEqual([])
  })

  it('give every field a number of its own', () => {
    for (const { prefix } of legacyVersions) {
      for (const [name, type] of Object.entries(types)) {
        if (!name.startsWith(prefix)) continue
        const numbers = Object.values(type.fields ?? {}).flatMap((f) => (f.pb === undefined ? [] : [String(f.pb)]))
        expect(new Set(numbers).size, name).toBe(numbers.length)
      }
    }
  })

  it('use every difference of the table, so that no name in it is a slip', () => {
    for (const { prefix, like, types: differences = {} } of legacyVersions) {
      for (const [name, { without = [], optional = [] }] of Object.entries(differences)) {
        expect(types, prefix + name).toHaveProperty([prefix + name])
        const base = like.map((p) => types[p + name]).find((type) => type)
        for (const field of [...without, ...optional]) expect(base?.fields, `${name}.${field}`).toHaveProperty([field])
      }
    }
  })

  it.each([
    ['extensions.v1beta1.DeploymentSpec', 'rollbackTo', { pb: 8 }],
    ['extensions.v1beta1.DaemonSetSpec', 'templateGeneration', { pb: 5, format: 'int64' }],
    ['extensions.v1beta1.IngressBackend', 'servicePort', { pb: 2 }],
    ['networking.v1beta1.IngressSpec', 'backend', { pb: 1, ref: 'io.k8s.api.networking.v1beta1.IngressBackend' }],
    ['apps.v1beta2.ScaleStatus', 'targetSelector', { pb: 3 }],
    ['autoscaling.v2beta1.ContainerResourceMetricSource', 'container', { pb: 4 }],
    ['rbac.v1alpha1.PolicyRule', 'nonResourceURLs', { pb: 6 }],
    ['rbac.v1alpha1.Subject', 'apiVersion', { pb: 2 }],
    ['discovery.v1beta1.Endpoint', 'hints', { pb: 7 }],
    ['batch.v1beta1.JobTemplateSpec', 'spec', { ref: 'io.k8s.api.batch.v1.JobSpec' }],
  ])('knows %s.%s', (name, field, schema) => {
    expect(typeOf(`io.k8s.api.${name}`).fields?.[field]).toMatchObject(schema)
  })

  it('name the type that took over', () => {
    expect(successorOf('io.k8s.api.extensions.v1beta1.IngressSpec')).toBe('io.k8s.api.networking.v1.IngressSpec')
    expect(successorOf('io.k8s.api.extensions.v1beta1.RollbackConfig')).toBeUndefined()
    expect(homeGroupOf('extensions', 'Ingress')).toBe('networking.k8s.io')
    expect(homeGroupOf('extensions', 'DaemonSet')).toBe('apps')
    expect(homeGroupOf('batch', 'Job')).toBe('batch')
  })

  it('are found by the kind of every path', () => {
    for (const { group, version } of legacyVersions) {
      const paths = servedResources.filter((r) => r.group === group && r.version === version)
      expect(paths.length).toBeGreaterThan(0)
      for (const { kind } of paths) expect(typeRefOfKind(kind.group, kind.version, kind.kind)).toBeDefined()
    }
  })

  it('travel as protobuf', () => {
    const object = {
      kind: 'Ingress',
      apiVersion: 'extensions/v1beta1',
      metadata: { name: 'a', namespace: 'n' },
      spec: {
        backend: { serviceName: 's', servicePort: 'http' },
        rules: [{ host: 'h', http: { paths: [{ path: '/', backend: { serviceName: 't', servicePort: 80 } }] } }],
      },
    }
    const bytes = encodeProtobuf('io.k8s.api.extensions.v1beta1.Ingress', object)
    expect(decodeProtobuf(bytes)).toEqual(object)
  })
})
