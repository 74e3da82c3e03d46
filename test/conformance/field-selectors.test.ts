// What each kind can be selected by, and how selectors are read.
// Rules: AddFieldLabelConversionFunc and GetAttrs of every kind in k8s.io/kubernetes (pkg/apis/*/v1/conversion.go,
// pkg/registry/*/strategy.go); DefaultMetaV1FieldSelectorConversion and pkg/fields of k8s.io/apimachinery.

import { describe, expect, it } from 'vitest'
import type { StoredObject } from '../../src/apiserver/api-object.ts'
import type { Resource, ServedVersion } from '../../src/apiserver/registry/resource.ts'
import { selectionOf } from '../../src/apiserver/registry/selection.ts'
import { allResources } from '../../src/apiserver/resources/index.ts'

const resources = new Map(allResources().map((r) => [r.group === '' ? r.resource : `${r.resource}.${r.group}`, r]))

function resourceNamed(name: string): Resource {
  const found = resources.get(name)
  if (!found) throw new Error(`nothing is called ${name}`)
  return found
}

function versionOf(resource: Resource, apiVersion: string): ServedVersion {
  const found = resource.versions.find((v) => v.apiVersion === apiVersion)
  if (!found) throw new Error(`${resource.resource} has no version ${apiVersion}`)
  return found
}

const select = (of: string, fieldSelector: string, version?: ServedVersion) =>
  selectionOf(resourceNamed(of), { labelSelector: undefined, fieldSelector, version })

function problemOf(of: string, fieldSelector: string, version?: ServedVersion): string | undefined {
  try {
    select(of, fieldSelector, version)
    return undefined
  } catch (error) {
    return (error as Error).message
  }
}

const REFERENCE = ['kind', 'namespace', 'name', 'uid', 'apiVersion', 'resourceVersion', 'fieldPath']

/** The labels besides name and namespace, with the conversion function that lets them through. */
const LABELS: Readonly<Record<string, { rule: string; labels: readonly string[] }>> = {
  pods: {
    rule: 'AddFieldLabelConversionsForPod, spec.host for old clients',
    labels: [
      'spec.nodeName',
      'spec.restartPolicy',
      'spec.schedulerName',
      'spec.serviceAccountName',
      'spec.hostNetwork',
      'status.phase',
      'status.podIP',
      'status.podIPs',
      'status.nominatedNodeName',
      'spec.host',
    ],
  },
  nodes: { rule: 'AddFieldLabelConversionsForNode', labels: ['spec.unschedulable'] },
  namespaces: { rule: 'AddFieldLabelConversionsForNamespace', labels: ['status.phase'] },
  secrets: { rule: 'AddFieldLabelConversionsForSecret', labels: ['type'] },
  services: { rule: 'AddFieldLabelConversionsForService', labels: ['spec.clusterIP', 'spec.type'] },
  replicationcontrollers: { rule: 'AddFieldLabelConversionsForReplicationController', labels: ['status.replicas'] },
  events: {
    rule: 'AddFieldLabelConversionsForEvent',
    labels: [...REFERENCE.map((f) => `involvedObject.${f}`), 'reason', 'reportingComponent', 'source', 'type'],
  },
  'jobs.batch': { rule: 'AddFieldLabelConversionFunc of Job', labels: ['status.successful'] },
  'certificatesigningrequests.certificates.k8s.io': {
    rule: 'AddFieldLabelConversionFunc of CertificateSigningRequest',
    labels: ['spec.signerName'],
  },
  'resourceslices.resource.k8s.io': {
    rule: 'AddFieldLabelConversionFunc of ResourceSlice',
    labels: ['spec.nodeName', 'spec.driver'],
  },
}

/** Conversion functions with words of their own. */
const REFUSED: Readonly<Record<string, (label: string) => string>> = {
  'jobs.batch': (label) => `field label "${label}" not supported for Job`,
  'resourceslices.resource.k8s.io': (label) =>
    `field label not supported for resource.k8s.io/v1, Kind=ResourceSlice: ${label}`,
}

describe('fields to select by', () => {
  for (const [of, { rule, labels }] of Object.entries(LABELS)) {
    it(`of ${of}: ${rule}`, () => {
      expect(Object.keys(resourceNamed(of).definition.selectableFields ?? {}).sort()).toEqual([...labels].sort())
      for (const label of ['metadata.name', ...labels]) expect(problemOf(of, `${label}=a`)).toBeUndefined()
      for (const label of ['spec.other', 'toString']) {
        expect(problemOf(of, `${label}=a`)).toBe(REFUSED[of]?.(label) ?? `field label not supported: ${label}`)
      }
    })
  }

  for (const of of [...resources.keys()].filter((name) => LABELS[name] === undefined)) {
    it(`of ${of}: DefaultMetaV1FieldSelectorConversion`, () => {
      for (const label of ['metadata.name', 'metadata.namespace']) {
        expect(problemOf(of, `${label}=a`)).toBeUndefined()
      }
      expect(problemOf(of, 'spec.nodeName=a')).toBe(
        '"spec.nodeName" is not a known field selector: only "metadata.name", "metadata.namespace"',
      )
    })
  }

  it.each(['nodes', 'namespaces', 'certificatesigningrequests.certificates.k8s.io'])(
    'of %s: no namespace, by their own conversion functions',
    (of) => expect(problemOf(of, 'metadata.namespace=a')).toBe('field label not supported: metadata.namespace'),
  )

  it('of events.k8s.io: AddFieldLabelConversionsForEvent of events/v1 maps to the names of v1', () => {
    const events = versionOf(resourceNamed('events'), 'events.k8s.io/v1')
    for (const label of [...REFERENCE.map((f) => `regarding.${f}`), 'reason', 'reportingController', 'type']) {
      expect(problemOf('events', `${label}=a`, events)).toBeUndefined()
    }
    for (const label of ['involvedObject.name', 'source', 'reportingComponent']) {
      expect(problemOf('events', `${label}=a`, events)).toBe(`field label not supported: ${label}`)
    }
    expect(problemOf('events', 'regarding.name=a')).toBe('field label not supported: regarding.name')
    const event = { metadata: { name: 'e' }, involvedObject: { name: 'p' } } as unknown as StoredObject
    expect(select('events', 'regarding.name=p', events).matches(event)).toBe(true)
    expect(select('events', 'regarding.name=q', events).matches(event)).toBe(false)
  })
})

/** What GetAttrs says of an object: the selector that fits exactly this value. */
const values: readonly [rule: string, of: string, object: Record<string, unknown>, fits: string][] = [
  ['pod.ToSelectableFields', 'pods', { spec: { nodeName: 'n' }, status: {} }, 'spec.nodeName=n'],
  [
    'pod.ToSelectableFields: host network is false unless set',
    'pods',
    { spec: {}, status: {} },
    'spec.hostNetwork=false',
  ],
  [
    'AddFieldLabelConversionsForPod: spec.host is the node',
    'pods',
    { spec: { nodeName: 'n' }, status: {} },
    'spec.host=n',
  ],
  ['pod.ToSelectableFields: not scheduled', 'pods', { spec: {}, status: {} }, 'spec.nodeName='],
  ['node.NodeToSelectableFields', 'nodes', { spec: {}, status: {} }, 'spec.unschedulable=false'],
  ['node.NodeToSelectableFields', 'nodes', { spec: { unschedulable: true }, status: {} }, 'spec.unschedulable=true'],
  ['namespace.SelectableFields', 'namespaces', { spec: {}, status: { phase: 'Active' } }, 'status.phase=Active'],
  ['secret.SelectableFields', 'secrets', { type: 'a/b' }, 'type=a/b'],
  ['service.SelectableFields', 'services', { spec: { type: 'NodePort' } }, 'spec.type=NodePort'],
  ['controller.ControllerToSelectableFields', 'replicationcontrollers', { spec: {}, status: {} }, 'status.replicas=0'],
  ['job.JobToSelectableFields', 'jobs.batch', { spec: {}, status: { succeeded: 2 } }, 'status.successful=2'],
  ['event.ToSelectableFields: the source', 'events', { involvedObject: {}, source: { component: 'c' } }, 'source=c'],
  [
    'event.ToSelectableFields: no source, so the reporter',
    'events',
    { involvedObject: {}, source: {}, reportingComponent: 'r' },
    'source=r',
  ],
  ['ObjectMetaFieldsSet: no namespace', 'storageclasses.storage.k8s.io', {}, 'metadata.namespace='],
]

describe('values', () => {
  for (const [rule, of, object, fits] of values) {
    it(`${of} by ${fits} (${rule})`, () => {
      const stored = { metadata: { name: 'a' }, ...object } as unknown as StoredObject
      expect(select(of, fits).matches(stored)).toBe(true)
      expect(select(of, fits.replace('=', '!=')).matches(stored)).toBe(false)
    })
  }
})

/** Secrets by type: what a selector matches, or why it is refused. */
const syntax: readonly [rule: string, selector: string, type: string, result: boolean | string][] = [
  ['splitTerm: =', 'type=a', 'a', true],
  ['splitTerm: ==', 'type==a', 'a', true],
  ['splitTerm: !=', 'type!=a', 'a', false],
  ['splitTerm: !=', 'type!=a', 'b', true],
  ['splitTerm: an empty value', 'type=', '', true],
  ['parseSelector: all terms hold', 'type=a,metadata.name=a', 'a', true],
  ['parseSelector: all terms hold', 'type=a,metadata.name=b', 'a', false],
  ['parseSelector: empty terms are passed over', ',type=a,', 'a', true],
  ['splitTerms: blanks belong to the value', 'type=a ', 'a ', true],
  ['UnescapeValue: comma', 'type=a\\,b', 'a,b', true],
  ['UnescapeValue: equals', 'type=a\\=b', 'a=b', true],
  ['UnescapeValue: backslash', 'type=a\\\\', 'a\\', true],
  ['UnescapeValue: unescaped equals', 'type=a=b', '', 'invalid field selector: unescaped character in value: 61'],
  ['UnescapeValue: unknown escape', 'type=a\\n', '', 'invalid field selector: invalid escape sequence: \\n'],
  ['UnescapeValue: trailing backslash', 'type=a\\', '', 'invalid field selector: invalid escape sequence: \\'],
  ['parseSelector: no operator', 'type', '', "invalid selector: 'type'; can't understand 'type'"],
  [
    'parseSelector: no set operators',
    'type in (a)',
    '',
    "invalid selector: 'type in (a)'; can't understand 'type in (a)'",
  ],
  ['parseSelector: terms are sorted', 'zzz,aaa', '', "invalid selector: 'zzz,aaa'; can't understand 'aaa'"],
  ['Transform: blanks belong to the label', ' type=a', '', 'field label not supported:  type'],
]

describe('syntax', () => {
  for (const [rule, selector, type, result] of syntax) {
    it(`${JSON.stringify(selector)}: ${result} (${rule})`, () => {
      if (typeof result === 'string') return expect(problemOf('secrets', selector)).toBe(result)
      const secret = { metadata: { name: 'a', namespace: 'n' }, type } as unknown as StoredObject
      expect(select('secrets', selector).matches(secret)).toBe(result)
    })
  }

  it('knows when one object is named (SelectionPredicate.MatchesSingle)', () => {
    expect(select('secrets', 'metadata.name=a,type=b').name).toBe('a')
    expect(select('secrets', 'metadata.name!=a').name).toBeUndefined()
    expect(select('secrets', ',').all).toBe(true)
  })
})
