// What is refused of the metadata of any object. Rules: k8s.io/apimachinery/pkg/api/validation/objectmeta.go.

import { configmaps, storageclasses } from '../../../src/api/generated/resources.ts'
import { type Case, type Change, runTables, type UpdateCase } from './support.ts'

const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const NAME_PART =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
const LABEL_VALUE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"

const metadata = (change: Change): Change => ({ metadata: change })
const owner = (change: Change) => ({ apiVersion: 'v1', kind: 'Pod', name: 'a', uid: 'b', ...change })
const owners = (...changes: readonly Change[]) => metadata({ ownerReferences: changes.map(owner) })

const cases: readonly Case[] = [
  ['ValidateObjectMetaAccessor', metadata({ name: 'A' }), [`metadata.name: Invalid value: "A": ${SUBDOMAIN}`]],
  [
    'ValidateObjectMetaAccessor',
    metadata({ generateName: 'A' }),
    [`metadata.generateName: Invalid value: "A": ${SUBDOMAIN}`],
  ],
  ['maskTrailingDash', metadata({ generateName: 'a-' }), []],
  [
    'ValidateLabels',
    metadata({ labels: { '': '-' } }),
    [
      'metadata.labels: Invalid value: "": name part must be non-empty',
      `metadata.labels: Invalid value: "": ${NAME_PART}`,
      `metadata.labels: Invalid value: "-": ${LABEL_VALUE}`,
    ],
  ],
  ['ValidateAnnotations', metadata({ annotations: { 'EXAMPLE.com/A': 'any thing' } }), []],
  [
    'ValidateAnnotations',
    metadata({ annotations: { 'a/': '' } }),
    [
      'metadata.annotations: Invalid value: "a/": name part must be non-empty',
      `metadata.annotations: Invalid value: "a/": ${NAME_PART}`,
    ],
  ],
  [
    'ValidateAnnotationsSize',
    metadata({ annotations: { a: 'a'.repeat(262_144) } }),
    ['metadata.annotations: Too long: may not be more than 262144 bytes'],
  ],
  [
    'validateOwnerReference',
    owners({ apiVersion: 'a/b/c', kind: '', name: '', uid: '' }),
    [
      'metadata.ownerReferences.apiVersion: Invalid value: "a/b/c": version must not be empty',
      'metadata.ownerReferences.kind: Invalid value: "": must not be empty',
      'metadata.ownerReferences.name: Invalid value: "": must not be empty',
      'metadata.ownerReferences.uid: Invalid value: "": must not be empty',
    ],
  ],
  [
    'BannedOwners',
    owners({ kind: 'Event' }),
    [
      'metadata.ownerReferences: Invalid value: {"apiVersion":"v1","kind":"Event","name":"a","uid":"b"}: /v1, Kind=Event is disallowed from being an owner',
    ],
  ],
  [
    'ValidateOwnerReferences',
    owners({ controller: true }, { name: 'c', controller: true }),
    [
      'metadata.ownerReferences: Invalid value: [{"apiVersion":"v1","kind":"Pod","name":"a","uid":"b","controller":true},{"apiVersion":"v1","kind":"Pod","name":"c","uid":"b","controller":true}]: Only one reference can have Controller set to true. Found "true" in references for Pod/a and Pod/c',
    ],
  ],
  [
    'ValidateFinalizers',
    metadata({ finalizers: ['a b', 'orphan', 'foregroundDeletion'] }),
    [
      `metadata.finalizers: Invalid value: "a b": ${NAME_PART}`,
      'metadata.finalizers: Invalid value: ["a b","orphan","foregroundDeletion"]: finalizer orphan and foregroundDeletion cannot be both set',
      'metadata.finalizers[0]: Invalid value: "a b": name is neither a standard finalizer name nor is it fully qualified',
    ],
  ],
]

const changes: readonly UpdateCase[] = [
  ['ValidateObjectMetaUpdate', {}, metadata({ labels: { a: 'b' }, annotations: { a: 'b' }, finalizers: ['a/b'] }), []],
  [
    'ValidateLabels: ValidateObjectMetaAccessor, ...AccessorUpdate, and both again for the kind',
    {},
    metadata({ labels: { a: '-' } }),
    Array(4).fill(`metadata.labels: Invalid value: "-": ${LABEL_VALUE}`),
  ],
]

runTables(
  { resource: configmaps, base: {}, create: cases, update: changes },
  { resource: storageclasses, base: { provisioner: 'example.com/a' }, create: cases },
)
