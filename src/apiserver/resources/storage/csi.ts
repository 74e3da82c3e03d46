// CSI drivers, nodes and capacities. Rules and wording: k8s.io/kubernetes/pkg/apis/storage/validation.

import type {
  CSIDriver,
  CSIDriverSpec,
  CSINode,
  CSINodeDriver,
  CSIStorageCapacity,
  TokenRequest,
} from '../../../api/generated/storage-v1.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'
import { compareQuantities } from '../../../machinery/quantity.ts'
import { defineResource, type ResourceDefinition } from '../../resource-definition.ts'
import { ageColumn, bool, integer, nameColumn, text } from '../columns/common.ts'
import {
  checkNonNegative,
  checkOptionalEnum,
  checkQualifiedName,
  checkRequired,
  checkSubdomain,
  immutable,
  NON_NEGATIVE,
} from '../core/field-checks.ts'
import { validateLabelSelector } from '../core/label-selector-validation.ts'
import { validateDriverName } from '../core/volume-sources.ts'

const FS_GROUP_POLICIES = ['File', 'None', 'ReadWriteOnceWithFSType']
const MODES = ['Persistent', 'Ephemeral']
const MIN_TOKEN_SECONDS = 600
const MAX_TOKEN_SECONDS = 2 ** 32
const MIN_UPDATE_SECONDS = 10
const MAX_NODE_ID = 256

const csiDrivers = defineResource<CSIDriver>({
  group: 'storage.k8s.io',
  resource: 'csidrivers',
  unconditionalUpdate: false,
  generation: 'counted',
  defaults({ spec }) {
    spec.attachRequired ??= true
    spec.podInfoOnMount ??= false
    spec.storageCapacity ??= false
    spec.fsGroupPolicy ??= 'ReadWriteOnceWithFSType'
    if ((spec.volumeLifecycleModes ?? []).length === 0) spec.volumeLifecycleModes = ['Persistent']
    spec.requiresRepublish ??= false
    spec.seLinuxMount ??= false
  },
  validate: ({ spec }) => validateDriver(spec),
  validateUpdate: (driver, old) => [
    ...immutable('spec.attachedRequired', driver.spec.attachRequired, old.spec.attachRequired),
    ...immutable('spec.volumeLifecycleModes', driver.spec.volumeLifecycleModes, old.spec.volumeLifecycleModes),
  ],
  columns: [
    nameColumn,
    bool('AttachRequired', (d) => d.spec.attachRequired ?? true),
    bool('PodInfoOnMount', (d) => d.spec.podInfoOnMount ?? false),
    bool('StorageCapacity', (d) => d.spec.storageCapacity ?? false),
    text('TokenRequests', (d) => d.spec.tokenRequests?.map((t) => t.audience).join(',') ?? '<unset>'),
    bool('RequiresRepublish', (d) => d.spec.requiresRepublish ?? false),
    text('Modes', (d) => (d.spec.volumeLifecycleModes ?? []).join(',') || '<none>'),
    ageColumn,
  ],
})

const csiNodes = defineResource<CSINode>({
  group: 'storage.k8s.io',
  resource: 'csinodes',
  unconditionalUpdate: false,
  generation: false,
  validate: ({ spec }) => validateNodeDrivers(spec.drivers ?? [], 'spec.drivers'),
  validateUpdate: validateNodeUpdate,
  columns: [nameColumn, integer('Drivers', (n) => (n.spec.drivers ?? []).length), ageColumn],
})

const csiStorageCapacities = defineResource<CSIStorageCapacity>({
  group: 'storage.k8s.io',
  resource: 'csistoragecapacities',
  unconditionalUpdate: false,
  generation: false,
  validate: validateStorageCapacity,
  validateUpdate: (c, old) => [
    ...immutable('nodeTopology', c.nodeTopology, old.nodeTopology),
    ...immutable('storageClassName', c.storageClassName, old.storageClassName),
  ],
})

function validateDriver(spec: CSIDriverSpec): FieldError[] {
  const { tokenRequests = [], volumeLifecycleModes = [], nodeAllocatableUpdatePeriodSeconds: seconds } = spec
  const errors = [
    ...checkOptionalEnum('spec.fsGroupPolicy', spec.fsGroupPolicy, FS_GROUP_POLICIES),
    ...validateTokens(tokenRequests, 'spec.tokenRequests'),
    ...volumeLifecycleModes.flatMap((mode) => checkOptionalEnum('spec.volumeLifecycleModes', mode, MODES)),
  ]
  if (seconds !== undefined && seconds < MIN_UPDATE_SECONDS) {
    const why = `must be greater than or equal to ${MIN_UPDATE_SECONDS} seconds`
    errors.push(field.invalid('spec.nodeAllocatableUpdatePeriodSeconds', seconds, why))
  }
  if (spec.serviceAccountTokenInSecrets !== undefined && tokenRequests.length === 0) {
    const why = 'serviceAccountTokenInSecrets is set but no tokenRequests are specified'
    errors.push(field.invalid('spec.serviceAccountTokenInSecrets', spec.serviceAccountTokenInSecrets, why))
  }
  return errors
}

function validateTokens(requests: readonly TokenRequest[], path: string): FieldError[] {
  const audiences = new Set<string>()
  return requests.flatMap(({ audience, expirationSeconds: seconds }, i) => {
    if (audiences.has(audience)) return [field.duplicate(`${path}[${i}].audience`, audience)]
    audiences.add(audience)
    const at = `${path}[${i}].expirationSeconds`
    if (seconds === undefined) return []
    if (seconds < MIN_TOKEN_SECONDS) {
      return [field.invalid(at, seconds, 'may not specify a duration less than 10 minutes')]
    }
    if (seconds <= MAX_TOKEN_SECONDS) return []
    return [field.invalid(at, seconds, 'may not specify a duration larger than 2^32 seconds')]
  })
}

function validateNodeDrivers(drivers: readonly CSINodeDriver[], path: string): FieldError[] {
  const names = new Set<string>()
  return drivers.flatMap(({ name, nodeID, allocatable, ...driver }, i) => {
    const topologyKeys = driver.topologyKeys ?? []
    const at = `${path}[${i}]`
    const errors = [...validateDriverName(`${at}.name`, name), ...checkRequired(`${at}.nodeID`, nodeID)]
    if (Buffer.byteLength(nodeID ?? '') > MAX_NODE_ID) {
      errors.push(field.invalid(`${at}.nodeID`, nodeID, `must be ${MAX_NODE_ID} characters or less`))
    }
    errors.push(...checkNonNegative(`${at}.allocatable.count`, allocatable?.count))
    if (names.has(name)) errors.push(field.duplicate(`${at}.name`, name))
    names.add(name)
    for (const [k, key] of topologyKeys.entries()) {
      if (key === '') errors.push(field.required(at))
      if (topologyKeys.indexOf(key) < k) errors.push(field.duplicate(at, key))
      errors.push(...checkQualifiedName(at, key))
    }
    return errors
  })
}

/** A driver on a node stays as it was announced, other than what can be allocated. */
function validateNodeUpdate({ spec }: CSINode, old: CSINode): FieldError[] {
  const shown = ({ name, nodeID, topologyKeys }: CSINodeDriver) => ({
    Name: name,
    NodeID: nodeID,
    TopologyKeys: topologyKeys ?? null,
    Allocatable: null,
  })
  return (old.spec.drivers ?? []).flatMap((before) => {
    const now = (spec.drivers ?? []).filter(({ name }) => name === before.name)
    return now.flatMap((driver) => immutable('spec.drivers', shown(driver), shown(before)))
  })
}

function validateStorageCapacity(object: CSIStorageCapacity, old?: CSIStorageCapacity): FieldError[] {
  const anyValue = old?.nodeTopology !== undefined && validateLabelSelector(old.nodeTopology, '').length > 0
  const { nodeTopology, storageClassName = '', capacity } = object
  return [
    ...(nodeTopology ? validateLabelSelector(nodeTopology, 'nodeTopology', anyValue) : []),
    ...checkSubdomain('storageClassName', storageClassName),
    ...(capacity !== undefined && compareQuantities(capacity, '0') < 0
      ? [field.invalid('capacity', capacity, NON_NEGATIVE)]
      : []),
  ]
}

export const csiDefinitions: readonly ResourceDefinition[] = [csiDrivers, csiNodes, csiStorageCapacities]
