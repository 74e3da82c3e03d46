import { describe, expect, it } from 'vitest'
import type { CustomResourceDefinition } from '../../api/generated/apiextensions-v1.ts'
import { customResourceDefinitions } from '../resources/extension/custom-resource-definition.ts'
import { definitionNameProblems, definitionProblems, definitionUpdateProblems } from './definition-rules.ts'
import { judgeApproval, judgeNames } from './names.ts'
import { ovens } from './testing.ts'

function made(edit: (definition: CustomResourceDefinition) => void = () => {}): CustomResourceDefinition {
  const definition = { status: { storedVersions: ['v1'] }, ...ovens() } as CustomResourceDefinition
  edit(definition)
  customResourceDefinitions.defaults?.(definition as never, 0)
  return definition
}

const texts = (errors: readonly { path: string; message: string }[]) => errors.map((e) => `${e.path}: ${e.message}`)
const first = (definition: CustomResourceDefinition) => {
  const [version] = definition.spec.versions
  if (!version) throw new Error('no version')
  return version
}

describe('definitions', () => {
  const cases: readonly [string, (definition: CustomResourceDefinition) => void, string][] = [
    ['no scope', (d) => (d.spec.scope = ''), 'spec.scope: Required value'],
    [
      'no storage version',
      (d) => (first(d).storage = false),
      'spec.versions: Invalid value: [{"Name":"v1","Served":true,"Storage":false,"Deprecated":false,"DeprecationWarning":null,"Schema":null,"Subresources":null,"AdditionalPrinterColumns":null,"SelectableFields":null}]: must have exactly one version marked as storage version',
    ],
    ['no schema', (d) => delete first(d).schema, 'spec.versions[0].schema.openAPIV3Schema: Required value'],
    [
      'unknown fields kept',
      (d) => (d.spec.preserveUnknownFields = true),
      'spec.preserveUnknownFields: Invalid value: true: cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead',
    ],
    [
      'the list called as the kind',
      (d) => (d.spec.names.listKind = 'Oven'),
      'spec.names.listKind: Invalid value: "Oven": kind and listKind may not be the same',
    ],
    [
      'a scale path elsewhere',
      (d) => (first(d).subresources = { scale: { specReplicasPath: '.status.x', statusReplicasPath: '.status.x' } }),
      'spec.subresources.scale.specReplicasPath: Invalid value: ".status.x": should be a json path under .spec',
    ],
    [
      'a column of no type',
      (d) => (first(d).additionalPrinterColumns = [{ name: 'a', type: 'text', jsonPath: '.a' }]),
      'spec.additionalPrinterColumns[0].type: Invalid value: "text": must be one of boolean,date,integer,number,string',
    ],
    [
      'a conversion without a webhook',
      (d) => (d.spec.conversion = { strategy: 'Webhook' }),
      'spec.conversion.conversionReviewVersions: Required value',
    ],
    [
      'a protected group',
      (d) => {
        d.spec.group = 'ovens.k8s.io'
        d.metadata.name = 'ovens.ovens.k8s.io'
      },
      'metadata.annotations[api-approved.kubernetes.io]: Required value: protected groups must have approval annotation "api-approved.kubernetes.io", see https://github.com/kubernetes/enhancements/pull/1111',
    ],
  ]
  it.each(cases)('are refused: %s', (_name, edit, expected) => {
    expect(texts(definitionProblems(made(edit)))).toContain(expected)
  })

  it('pass when they are right', () => {
    expect(definitionProblems(made())).toEqual([])
    expect(definitionNameProblems('ovens.bakery.example.com', made())).toEqual([])
  })

  it('are called after what they define', () => {
    expect(definitionNameProblems('x', made())).toEqual(['must be spec.names.plural+"."+spec.group'])
  })

  it('keep what their objects depend on', () => {
    const old = made((d) => {
      d.status = { storedVersions: ['v1'], conditions: [{ type: 'Established', status: 'True' }] }
    })
    const now = made((d) => {
      d.status = structuredClone(old.status)
      d.spec.scope = 'Cluster'
      first(d).name = 'v2'
    })
    expect(texts(definitionUpdateProblems(now, old))).toEqual([
      'spec.scope: Invalid value: "Cluster": field is immutable',
      'status.storedVersions: Invalid value: ["v1"]: must have the storage version v2',
      'status.storedVersions[0]: Invalid value: "v1": missing from spec.versions; v1 was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in v1 and removes v1 from status.storedVersions',
    ])
  })
})

describe('names', () => {
  const other = made((d) => {
    d.status = {
      acceptedNames: { plural: 'stoves', singular: 'stove', kind: 'Stove', listKind: 'StoveList', shortNames: ['ov'] },
    }
  })

  it('are accepted when nobody of the group has them', () => {
    const { acceptedNames, namesAccepted } = judgeNames(made(), [])
    expect(namesAccepted).toMatchObject({ status: 'True', reason: 'NoConflicts' })
    expect(acceptedNames).toEqual({
      plural: 'ovens',
      singular: 'oven',
      kind: 'Oven',
      listKind: 'OvenList',
      shortNames: ['ov'],
      categories: ['all'],
    })
    const elsewhere = structuredClone(other)
    elsewhere.spec.group = 'other.example.com'
    expect(judgeNames(made(), [elsewhere]).namesAccepted.status).toBe('True')
  })

  it('are refused one by one when somebody has', () => {
    const { acceptedNames, namesAccepted } = judgeNames(made(), [other])
    expect(namesAccepted).toMatchObject({
      status: 'False',
      reason: 'ShortNamesConflict',
      message: '"ov" is already in use',
    })
    expect(acceptedNames).toMatchObject({ plural: 'ovens', kind: 'Oven' })
    expect(acceptedNames.shortNames).toBeUndefined()
  })

  it('of protected groups need approval', () => {
    expect(judgeApproval('example.com', undefined)).toBeUndefined()
    expect(judgeApproval('x.k8s.io', 'https://example.com/1')).toMatchObject({
      status: 'True',
      reason: 'ApprovedAnnotation',
    })
    expect(judgeApproval('x.k8s.io', 'unapproved, a try')).toMatchObject({
      status: 'False',
      reason: 'UnapprovedAnnotation',
    })
  })
})
