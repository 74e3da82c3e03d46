// What is refused of storage classes, CSI objects, attachments, volumes and claims.
// Rules: k8s.io/kubernetes/pkg/apis/{storage,core}/validation.

import {
  csidrivers,
  csinodes,
  csistoragecapacities,
  persistentvolumes,
  storageclasses,
  volumeattachments,
  volumeattributesclasses,
} from '../../../src/api/generated/resources.ts'
import { type Case, type Change, runTables, type UpdateCase } from './support.ts'

const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const NAME_PART =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"

const spec = (change: Change): Change => ({ spec: change })
const topology = (...expressions: readonly Change[]): Change => ({
  allowedTopologies: [{ matchLabelExpressions: expressions }],
})
const at = 'allowedTopologies[0].matchLabelExpressions'

const classes: readonly Case[] = [
  ['validateProvisioner', { provisioner: 'Example.com/A' }, []],
  ['validateProvisioner', { provisioner: '' }, ['provisioner: Required value']],
  ['validateProvisioner', { provisioner: 'A-' }, [`provisioner: Invalid value: "a-": ${NAME_PART}`]],
  ['validateParameters', { parameters: { '': 'a' } }, ['parameters: Invalid value: "": field can not be empty.']],
  [
    'validateParameters',
    { parameters: { a: 'a'.repeat(262_144) } },
    ['parameters: Too long: may not be more than 262144 bytes'],
  ],
  [
    'validateParameters',
    { parameters: Object.fromEntries(Array.from({ length: 513 }, (_, i) => [`a${i}`, ''])) },
    ['parameters: Too long: may not be more than 512 bytes'],
  ],
  [
    'validateReclaimPolicy',
    { reclaimPolicy: 'Recycle', volumeBindingMode: 'x' },
    [
      'reclaimPolicy: Unsupported value: "Recycle": supported values: "Delete", "Retain"',
      'volumeBindingMode: Unsupported value: "x": supported values: "Immediate", "WaitForFirstConsumer"',
    ],
  ],
  [
    'ValidateTopologySelectorTerm',
    topology({ key: 'a', values: [] }, { key: 'a', values: ['b', 'b'] }, { key: '-', values: ['c'] }),
    [
      `${at}[0].values: Required value`,
      `${at}[1].values[1]: Duplicate value: "b"`,
      `${at}[1].key: Duplicate value: "a"`,
      `${at}[2].key: Invalid value: "-": ${NAME_PART}`,
    ],
  ],
  [
    'validateAllowedTopologies',
    {
      allowedTopologies: [
        ['b', 'c'],
        ['c', 'b'],
      ].map((values) => ({ matchLabelExpressions: [{ key: 'a', values }] })),
    },
    ['allowedTopologies[1].matchLabelExpressions: Duplicate value: ""'],
  ],
]

const classChanges: readonly UpdateCase[] = [
  ['ValidateStorageClassUpdate', {}, { allowVolumeExpansion: true, mountOptions: ['a'] }, []],
  [
    'ValidateStorageClassUpdate',
    {},
    { parameters: { a: 'b' }, provisioner: 'b', reclaimPolicy: 'Retain', volumeBindingMode: 'WaitForFirstConsumer' },
    [
      'parameters: Invalid value: {"a":"b"}: field is immutable',
      'provisioner: Invalid value: "b": field is immutable',
      'reclaimPolicy: Invalid value: "Retain": field is immutable',
      'volumeBindingMode: Invalid value: "WaitForFirstConsumer": field is immutable',
    ],
  ],
]

const attributes: readonly Case[] = [
  [
    'ValidateVolumeAttributesClass',
    { driverName: '', parameters: undefined },
    ['driverName: Required value', 'parameters: Required value: must contain at least one key/value pair'],
  ],
]

const attributesChanges: readonly UpdateCase[] = [
  [
    'ValidateVolumeAttributesClassUpdate',
    {},
    { driverName: 'b', parameters: { a: 'c' } },
    [
      'driverName: Forbidden: updates to driverName are forbidden.',
      'parameters: Forbidden: updates to parameters are forbidden.',
    ],
  ],
]

const tokens = (...tokenRequests: readonly Change[]) => spec({ tokenRequests })

const drivers: readonly Case[] = [
  ['validateTokenRequests', tokens({ audience: 'a', expirationSeconds: 600 }, { audience: '' }), []],
  [
    'validateTokenRequests',
    tokens({ audience: 'a' }, { audience: 'a' }, { audience: 'b', expirationSeconds: 599 }),
    [
      'spec.tokenRequests[1].audience: Duplicate value: "a"',
      'spec.tokenRequests[2].expirationSeconds: Invalid value: 599: may not specify a duration less than 10 minutes',
    ],
  ],
  [
    'validateTokenRequests',
    tokens({ audience: 'a', expirationSeconds: 2 ** 32 + 1 }),
    [
      'spec.tokenRequests[0].expirationSeconds: Invalid value: 4294967297: may not specify a duration larger than 2^32 seconds',
    ],
  ],
  [
    'validateCSIDriverSpec',
    spec({ fsGroupPolicy: 'x', volumeLifecycleModes: ['x'], nodeAllocatableUpdatePeriodSeconds: 9 }),
    [
      'spec.fsGroupPolicy: Unsupported value: "x": supported values: "File", "None", "ReadWriteOnceWithFSType"',
      'spec.volumeLifecycleModes: Unsupported value: "x": supported values: "Persistent", "Ephemeral"',
      'spec.nodeAllocatableUpdatePeriodSeconds: Invalid value: 9: must be greater than or equal to 10 seconds',
    ],
  ],
  [
    'validateServiceAccountTokenInSecrets',
    spec({ serviceAccountTokenInSecrets: false }),
    [
      'spec.serviceAccountTokenInSecrets: Invalid value: false: serviceAccountTokenInSecrets is set but no tokenRequests are specified',
    ],
  ],
]

const driverChanges: readonly UpdateCase[] = [
  ['ValidateCSIDriverUpdate', {}, spec({ podInfoOnMount: true, fsGroupPolicy: 'File' }), []],
  [
    'ValidateCSIDriverUpdate',
    {},
    spec({ attachRequired: false, volumeLifecycleModes: ['Ephemeral'] }),
    [
      'spec.attachedRequired: Invalid value: false: field is immutable',
      'spec.volumeLifecycleModes: Invalid value: ["Ephemeral"]: field is immutable',
    ],
  ],
]

const nodeDriver = { name: 'a', nodeID: 'b', topologyKeys: ['c'] }
const onNode = (...list: readonly Change[]) => spec({ drivers: list.map((driver) => ({ ...nodeDriver, ...driver })) })

const csiNodeCases: readonly Case[] = [
  ['validateCSINodeDriver', onNode({}, { name: 'b' }), []],
  [
    'validateCSINodeDriver',
    onNode({ name: '', nodeID: '' }),
    ['spec.drivers[0].name: Required value', 'spec.drivers[0].nodeID: Required value'],
  ],
  [
    'validateCSINodeDriver',
    onNode({ nodeID: 'a'.repeat(257), allocatable: { count: -1 } }, { topologyKeys: ['-', 'd', 'd'] }),
    [
      `spec.drivers[0].nodeID: Invalid value: "${'a'.repeat(257)}": must be 256 characters or less`,
      'spec.drivers[0].allocatable.count: Invalid value: -1: must be greater than or equal to 0',
      'spec.drivers[1].name: Duplicate value: "a"',
      `spec.drivers[1]: Invalid value: "-": ${NAME_PART}`,
      'spec.drivers[1]: Duplicate value: "d"',
    ],
  ],
]

const csiNodeChanges: readonly UpdateCase[] = [
  ['ValidateCSINodeUpdate', onNode({}), onNode({ allocatable: { count: 3 } }), []],
  ['ValidateCSINodeUpdate', onNode({}), onNode({ name: 'other', nodeID: 'c' }), []],
  [
    'ValidateCSINodeUpdate',
    onNode({}),
    onNode({ nodeID: 'c' }),
    [
      'spec.drivers: Invalid value: {"Name":"a","NodeID":"c","TopologyKeys":["c"],"Allocatable":null}: field is immutable',
    ],
  ],
]

const capacities: readonly Case[] = [
  [
    'ValidateCSIStorageCapacity',
    { storageClassName: '', capacity: '-1', nodeTopology: { matchExpressions: [{ key: 'a', operator: 'x' }] } },
    [
      'nodeTopology.matchExpressions[0].operator: Invalid value: "x": not a valid selector operator',
      `storageClassName: Invalid value: "": ${SUBDOMAIN}`,
      'capacity: Invalid value: "-1": must be greater than or equal to 0',
    ],
  ],
]

const capacityChanges: readonly UpdateCase[] = [
  ['ValidateCSIStorageCapacityUpdate', {}, { capacity: '2Gi' }, []],
  [
    'ValidateCSIStorageCapacityUpdate',
    {},
    { storageClassName: 'b', nodeTopology: {} },
    ['nodeTopology: Invalid value: {}: field is immutable', 'storageClassName: Invalid value: "b": field is immutable'],
  ],
]

const inline = (change: Change) =>
  spec({
    source: {
      persistentVolumeName: undefined,
      inlineVolumeSpec: { accessModes: ['ReadWriteOnce'], csi: { driver: 'a', volumeHandle: 'b' }, ...change },
    },
  })
const inlineAt = 'spec.source.inlineVolumeSpec'

const attachments: readonly Case[] = [
  ['validateVolumeAttachmentSource', inline({}), []],
  [
    'ValidateVolumeAttachmentV1',
    spec({ attacher: 'A_', nodeName: 'A', source: { persistentVolumeName: 'A' } }),
    [
      `spec.attacher: Invalid value: "A_": ${SUBDOMAIN}`,
      `spec.nodeName: Invalid value: "A": ${SUBDOMAIN}`,
      `spec.source.persistentVolumeName: Invalid value: "A": ${SUBDOMAIN}`,
    ],
  ],
  [
    'validateVolumeAttachmentSource',
    spec({ source: { persistentVolumeName: undefined } }),
    ['spec.source: Required value: must specify exactly one of inlineVolumeSpec and persistentVolumeName'],
  ],
  [
    'validateVolumeAttachmentSource',
    spec({ source: { inlineVolumeSpec: {} } }),
    ['spec.source: Forbidden: must specify exactly one of inlineVolumeSpec and persistentVolumeName'],
  ],
  [
    'ValidatePersistentVolumeSpec',
    inline({
      csi: undefined,
      hostPath: { path: '/a' },
      claimRef: {},
      capacity: { storage: '1' },
      persistentVolumeReclaimPolicy: 'Delete',
      nodeAffinity: {},
      storageClassName: 'a',
      volumeMode: 'Block',
    }),
    [
      `${inlineAt}.claimRef: Forbidden: may not be specified in the context of inline volumes`,
      `${inlineAt}.capacity: Forbidden: may not be specified in the context of inline volumes`,
      `${inlineAt}.csi: Required value: has to be specified in the context of inline volumes`,
      `${inlineAt}.persistentVolumeReclaimPolicy: Forbidden: may only be Retain in the context of inline volumes`,
      `${inlineAt}.nodeAffinity: Forbidden: may not be specified in the context of inline volumes`,
      `${inlineAt}.storageClassName: Forbidden: may not be specified in the context of inline volumes`,
      `${inlineAt}.volumeMode: Forbidden: may not specify volumeMode other than Filesystem in the context of inline volumes`,
    ],
  ],
]

const attachmentChanges: readonly UpdateCase[] = [
  [
    'ValidateVolumeAttachmentUpdate',
    {},
    spec({ nodeName: 'o' }),
    [
      'spec: Invalid value: {"Attacher":"a","Source":{"PersistentVolumeName":"v","InlineVolumeSpec":null},"NodeName":"o"}: field is immutable',
    ],
  ],
]

const attachmentStatuses: readonly UpdateCase[] = [
  [
    'validateVolumeAttachmentStatus',
    {},
    {
      status: {
        attachmentMetadata: { a: 'a'.repeat(262_144) },
        attachError: { message: 'a'.repeat(1025), errorCode: -1 },
      },
    },
    [
      'status.attachmentMetadata: Too long: may not be more than 262144 bytes',
      'status.attachError.message: Too long: may not be more than 262144 bytes',
      'status.attachError.errorCode: Invalid value: -1: must be between 0 and 2147483647, inclusive',
    ],
  ],
]

const other = (change: Change) => spec({ hostPath: undefined, ...change })
const affinity = (required?: Change) => ({ nodeAffinity: required ? { required } : {} })

const volumes: readonly Case[] = [
  [
    'ValidatePersistentVolumeSpec',
    spec({ accessModes: [], capacity: undefined }),
    [
      'spec.accessModes: Required value',
      'spec.capacity: Required value',
      'spec.capacity: Unsupported value: null: supported values: "storage"',
    ],
  ],
  [
    'ValidatePersistentVolumeSpec',
    spec({ persistentVolumeReclaimPolicy: 'x' }),
    ['spec.persistentVolumeReclaimPolicy: Unsupported value: "x": supported values: "Delete", "Recycle", "Retain"'],
  ],
  [
    'ValidatePersistentVolumeSpec',
    spec({ persistentVolumeReclaimPolicy: 'Recycle', hostPath: { path: '/' } }),
    ["spec.persistentVolumeReclaimPolicy: Forbidden: may not be 'recycle' for a hostPath mount of '/'"],
  ],
  ['ValidatePersistentVolumeSpec', other({}), ['spec: Required value: must specify a volume type']],
  [
    'ValidatePersistentVolumeSpec',
    spec({ nfs: { server: 'a', path: '/a' }, cephfs: { monitors: ['a'] } }),
    [
      'spec.nfs: Forbidden: may not specify more than 1 volume type',
      'spec.cephFS: Forbidden: may not specify more than 1 volume type',
    ],
  ],
  [
    'validateHostPathVolumeSource',
    spec({ hostPath: { path: '/a/../b', type: 'x' } }),
    [
      'spec.hostPath.path: Invalid value: "/a/../b": must not contain \'..\'',
      'spec.hostPath.type: Unsupported value: "x": supported values: "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"',
    ],
  ],
  [
    'validateLocalVolumeSource',
    other({ local: { path: '' } }),
    ['spec.local.path: Required value', 'spec.nodeAffinity: Required value: Local volume requires node affinity'],
  ],
  [
    'validateVolumeNodeAffinity',
    spec(affinity()),
    ['spec.nodeAffinity.required: Required value: must specify required node constraints'],
  ],
  [
    'validateVolumeNodeAffinity',
    spec(affinity({ nodeSelectorTerms: [] })),
    ['spec.nodeAffinity.required.nodeSelectorTerms: Required value: must have at least one node selector term'],
  ],
  [
    'validateCSIPersistentVolumeSource',
    other({
      csi: {
        driver: 'a',
        volumeHandle: '',
        nodePublishSecretRef: { name: 'A' },
        nodeExpandSecretRef: { namespace: 'a' },
      },
    }),
    [
      'spec.csi.volumeHandle: Required value',
      `spec.csi.nodePublishSecretRef.name: Invalid value: "A": ${SUBDOMAIN}`,
      'spec.csi.nodePublishSecretRef.namespace: Required value',
      'spec.csi.nodeExpandSecretRef.name: Required value',
    ],
  ],
  [
    'ValidatePersistentVolumeSpec',
    spec({ storageClassName: 'A', volumeAttributesClassName: '' }),
    [
      `spec.storageClassName: Invalid value: "A": ${SUBDOMAIN}`,
      'spec.volumeAttributesClassName: Required value: an empty string is disallowed',
      'spec.csi: Required value: has to be specified when using volumeAttributesClassName',
    ],
  ],
]

const csi = { hostPath: undefined, csi: { driver: 'a', volumeHandle: 'b' } }
const volumeChanges: readonly UpdateCase[] = [
  [
    'ValidatePersistentVolume, and ValidatePersistentVolumeUpdate, which asks it',
    {},
    spec({ accessModes: [] }),
    ['spec.accessModes: Required value', 'spec.accessModes: Required value'],
  ],
  ['ValidatePersistentVolumeUpdate', {}, spec({ capacity: { storage: '2Gi' }, claimRef: { name: 'a' } }), []],
  [
    'ValidatePersistentVolumeUpdate',
    spec(csi),
    spec({ csi: { controllerExpandSecretRef: { name: 'a', namespace: 'b' } } }),
    [],
  ],
  [
    'ValidatePersistentVolumeUpdate',
    {},
    spec({ hostPath: { path: '/b' }, volumeMode: 'Block' }),
    [
      `spec.persistentvolumesource: Forbidden: spec.persistentvolumesource is immutable after creation
@@ -2,7 +2,7 @@
  "GCEPersistentDisk": null,
  "AWSElasticBlockStore": null,
  "HostPath": {
-  "Path": "/a",
+  "Path": "/b",
   "Type": ""
  },
  "Glusterfs": null,
`,
      'volumeMode: Invalid value: "Block": field is immutable',
    ],
  ],
  [
    'ValidatePersistentVolumeUpdate',
    spec({ ...csi, volumeAttributesClassName: 'a' }),
    spec({ volumeAttributesClassName: undefined }),
    ['spec.volumeAttributesClassName: Forbidden: update from non-nil value to nil is forbidden'],
  ],
]

runTables(
  { resource: storageclasses, base: { provisioner: 'a' }, create: classes, update: classChanges },
  {
    resource: volumeattributesclasses,
    base: { driverName: 'a', parameters: { a: 'b' } },
    create: attributes,
    update: attributesChanges,
  },
  { resource: csidrivers, base: spec({}), create: drivers, update: driverChanges },
  { resource: csinodes, base: spec({ drivers: [] }), create: csiNodeCases, update: csiNodeChanges },
  { resource: csistoragecapacities, base: { storageClassName: 'a' }, create: capacities, update: capacityChanges },
  {
    resource: volumeattachments,
    base: spec({ attacher: 'a', nodeName: 'n', source: { persistentVolumeName: 'v' } }),
    create: attachments,
    update: attachmentChanges,
    status: attachmentStatuses,
  },
  {
    resource: persistentvolumes,
    base: spec({ accessModes: ['ReadWriteOnce'], capacity: { storage: '1Gi' }, hostPath: { path: '/a' } }),
    create: volumes,
    update: volumeChanges,
  },
)
