// Requests that nobody would send: near enough to real ones that some are taken.

import fc from 'fast-check'
import { type ServedResource, servedResources } from '../../src/api/schema.ts'
import { minimalObject } from '../../src/apiserver/testing-objects.ts'

export interface OddRequest {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

// Webhooks and policies that were made up would answer for the requests after them, and proxies for other servers.
const OFF_LIMITS = new Set(['admissionregistration.k8s.io', 'apiregistration.k8s.io', 'flowcontrol.apiserver.k8s.io'])
const targets = servedResources.filter((r) => !OFF_LIMITS.has(r.group) && !r.actions.includes('connect'))

const odd = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.constantFrom('a', 'b', 'default', 'web', '0', '-1', 'true', 'A', '', ' ', '..', '%', 'null'),
  },
  { weight: 2, arbitrary: fc.string({ maxLength: 12, unit: 'binary' }) },
  { weight: 1, arbitrary: fc.string({ maxLength: 300 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('__proto__', 'constructor', '\u0000', 'ü'.repeat(70), '99999999999999999999'),
  },
)

const parameter = fc.oneof(
  fc.tuple(
    fc.constantFrom('labelSelector', 'fieldSelector'),
    fc.oneof(odd, fc.constantFrom('a=b', 'a in (b', 'metadata.name=a,')),
  ),
  fc.tuple(fc.constantFrom('limit', 'gracePeriodSeconds', 'continue'), fc.oneof(odd, fc.integer().map(String))),
  // A version that has yet to come is waited for, and answered with 504 as upstream does.
  fc.tuple(fc.constant('resourceVersion'), fc.oneof(odd, fc.nat(50).map(String))),
  fc.tuple(fc.constant('resourceVersionMatch'), fc.oneof(odd, fc.constantFrom('Exact', 'NotOlderThan'))),
  fc.tuple(fc.constant('fieldValidation'), fc.oneof(odd, fc.constantFrom('Strict', 'Warn', 'Ignore'))),
  fc.tuple(fc.constant('propagationPolicy'), fc.oneof(odd, fc.constantFrom('Foreground', 'Orphan', 'Background'))),
  fc.tuple(
    fc.constantFrom(
      'dryRun',
      'fieldManager',
      'force',
      'pretty',
      'sendInitialEvents',
      'allowWatchBookmarks',
      'orphanDependents',
    ),
    odd,
  ),
  fc.tuple(odd, odd),
)

/** The object's own fields, some replaced by what does not belong there. */
function disturbed(resource: ServedResource): fc.Arbitrary<unknown> {
  const { group, version, kind } = resource.kind
  const base = {
    apiVersion: group === '' ? version : `${group}/${version}`,
    kind,
    metadata: { name: 'web' },
    ...minimalObject(resource),
  }
  return fc
    .array(fc.tuple(fc.nat(), fc.oneof(fc.jsonValue({ maxDepth: 2 }), odd, fc.constant(undefined))), { maxLength: 3 })
    .map((changes) => {
      const object = structuredClone(base)
      for (const [where, value] of changes) replaceAt(object, where, value)
      return object
    })
}

/** Replaces the value at one of the object's paths. */
function replaceAt(object: object, where: number, value: unknown): void {
  const places: [Record<string, unknown>, string][] = []
  const visit = (at: unknown) => {
    if (typeof at !== 'object' || at === null) return
    for (const [key, next] of Object.entries(at)) {
      places.push([at as Record<string, unknown>, key])
      visit(next)
    }
  }
  visit(object)
  const place = places[where % places.length]
  if (place) place[0][place[1]] = value
}

const operation = fc.record(
  {
    op: fc.constantFrom('add', 'remove', 'replace', 'move', 'copy', 'test', 'odd'),
    path: fc.oneof(
      odd,
      fc.constantFrom('/metadata/labels', '/spec', '/spec/-', '/metadata/name', '/kind', '', '/data/a'),
    ),
    from: odd,
    value: fc.jsonValue({ maxDepth: 2 }),
  },
  { requiredKeys: ['op', 'path'] },
)
const directives = fc.dictionary(
  fc.constantFrom(
    '$patch',
    '$retainKeys',
    '$setElementOrder/containers',
    '$deleteFromPrimitiveList/finalizers',
    'metadata',
    'spec',
    'data',
  ),
  fc.jsonValue({ maxDepth: 3 }),
)

function body(resource: ServedResource, method: string): fc.Arbitrary<readonly [type: string, text: string]> {
  const text = (arbitrary: fc.Arbitrary<unknown>) => arbitrary.map((value) => JSON.stringify(value) ?? '')
  const junk = fc.tuple(
    fc.constantFrom(
      'application/json',
      'application/yaml',
      'application/vnd.kubernetes.protobuf',
      'text/plain',
      'odd',
      '',
    ),
    fc.oneof(
      fc.string({ maxLength: 60 }),
      text(fc.jsonValue({ maxDepth: 3 })),
      fc.constantFrom('k8s\u0000', '[[[[', '{"a":', 'a: &a [*a, *a]'),
    ),
  )
  const object = fc.tuple(fc.constantFrom('application/json', 'application/yaml'), text(disturbed(resource)))
  if (method !== 'PATCH') return fc.oneof({ weight: 3, arbitrary: object }, { weight: 1, arbitrary: junk })
  return fc.oneof(
    fc.tuple(fc.constant('application/json-patch+json'), text(fc.array(operation, { maxLength: 4 }))),
    fc.tuple(fc.constant('application/merge-patch+json'), text(fc.oneof(disturbed(resource), fc.jsonValue()))),
    fc.tuple(fc.constant('application/strategic-merge-patch+json'), text(fc.oneof(disturbed(resource), directives))),
    fc.tuple(fc.constant('application/apply-patch+yaml'), text(disturbed(resource))),
    junk,
  )
}

export const oddRequest: fc.Arbitrary<OddRequest> = fc.constantFrom(...targets).chain((resource) =>
  fc.constantFrom('GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS').chain((method) =>
    fc
      .record({
        method: fc.constant(method),
        named: fc.boolean(),
        name: fc.oneof({ weight: 4, arbitrary: fc.constantFrom('web', 'a') }, { weight: 1, arbitrary: odd }),
        namespace: fc.oneof({ weight: 8, arbitrary: fc.constant('default') }, { weight: 1, arbitrary: odd }),
        query: fc.array(parameter, { maxLength: 3 }),
        accept: fc.constantFrom(
          'application/json',
          'application/yaml',
          'application/vnd.kubernetes.protobuf',
          'application/json;as=Table;g=meta.k8s.io;v=v1',
          'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1',
          'text/html',
          '*/*;q=x',
        ),
        body: body(resource, method),
      })
      .map(({ named, name, namespace, query, accept, body: [type, text] }): OddRequest => {
        const root = resource.group === '' ? `/api/${resource.version}` : `/apis/${resource.group}/${resource.version}`
        const scope = resource.namespaced ? `/namespaces/${encodeURIComponent(namespace)}` : ''
        const tail = named || resource.subresource ? `/${encodeURIComponent(name)}` : ''
        const sub = resource.subresource ? `/${resource.subresource}` : ''
        const search = query.map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`).join('&')
        return {
          method,
          path: `${root}${scope}/${resource.resource}${tail}${sub}${search ? `?${search}` : ''}`,
          headers: { accept, ...(type === '' ? {} : { 'content-type': type }) },
          body: ['POST', 'PUT', 'PATCH', 'DELETE'].includes(method) ? text : '',
        }
      }),
  ),
)
