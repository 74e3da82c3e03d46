// Devices: what claims, classes and slices are refused for.
// Rules: k8s.io/kubernetes/pkg/apis/resource/validation; each case names the function.

import {
  deviceclasses,
  resourceclaims,
  resourceclaimtemplates,
  resourceslices,
} from '../../../src/api/generated/resources.ts'
import { runTables } from './support.ts'

const LABEL =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
const exactly = { deviceClassName: 'gpu.example' }
const requests = (...list: object[]) => ({ spec: { devices: { requests: list } } })
const R = 'spec.devices.requests[0]'
const ONE = 'exactly one of `nodeName`, `nodeSelector`, `allNodes`, `perDeviceNodeSelection` is required'

runTables(
  {
    resource: resourceclaims,
    base: requests({ name: 'a', exactly }),
    create: [
      ['validateDeviceRequest: valid', {}, []],
      ['validateDeviceRequest: no name', requests({ exactly }), [`${R}.name: Invalid value: "": ${LABEL}`]],
      [
        'validateDeviceRequest: a bad name',
        requests({ name: 'A', exactly }),
        [`${R}.name: Invalid value: "A": ${LABEL}`],
      ],
      [
        'validateDeviceRequest: nothing',
        requests({ name: 'a' }),
        [`${R}: Required value: exactly one of \`exactly\` or \`firstAvailable\` is required`],
      ],
      [
        'validateDeviceRequest: both',
        requests({ name: 'a', exactly, firstAvailable: [{ name: 'b', ...exactly }] }),
        [
          `${R}: Invalid value: null: exactly one of \`exactly\` or \`firstAvailable\` is required, but multiple fields are set`,
        ],
      ],
      [
        'validateSet: twice',
        requests({ name: 'a', exactly }, { name: 'a', exactly }),
        ['spec.devices.requests[1]: Duplicate value: "a"'],
      ],
      [
        'validateSlice: too many',
        requests(...Array.from({ length: 33 }, (_, i) => ({ name: `r${i}`, exactly }))),
        ['spec.devices.requests: Too many: 33: must have at most 32 items'],
      ],
      [
        'validateDeviceClass: none',
        requests({ name: 'a', exactly: {} }),
        [`${R}.exactly.deviceClassName: Required value`],
      ],
      [
        'validateDeviceAllocationMode: unknown',
        requests({ name: 'a', exactly: { ...exactly, allocationMode: 'Some' } }),
        [`${R}.exactly.allocationMode: Unsupported value: "Some": supported values: "All", "ExactCount"`],
      ],
      [
        'validateDeviceAllocationMode: a count of all',
        requests({ name: 'a', exactly: { ...exactly, allocationMode: 'All', count: 2 } }),
        [`${R}.exactly.count: Invalid value: 2: must not be specified when allocationMode is 'All'`],
      ],
      [
        'validateDeviceAllocationMode: none of them',
        requests({ name: 'a', exactly: { ...exactly, count: -1 } }),
        [`${R}.exactly.count: Invalid value: -1: must be greater than zero`],
      ],
      [
        'validateSelector: empty',
        requests({ name: 'a', exactly: { ...exactly, selectors: [{}] } }),
        [`${R}.exactly.selectors[0].cel: Required value`],
      ],
      [
        'validateCELSelector: no expression',
        requests({ name: 'a', exactly: { ...exactly, selectors: [{ cel: { expression: '' } }] } }),
        [
          `${R}.exactly.selectors[0].cel.expression: Invalid value: "": compilation failed: ERROR: <input>:1:0: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}`,
        ],
      ],
      [
        'validateDeviceSubRequest',
        requests({ name: 'a', firstAvailable: [{ name: 'b' }] }),
        [`${R}.firstAvailable[0].deviceClassName: Required value`],
      ],
      [
        'validateDeviceConfiguration: empty',
        { spec: { devices: { config: [{}] } } },
        ['spec.devices.config[0].opaque: Required value'],
      ],
      [
        'validateOpaqueConfiguration',
        { spec: { devices: { config: [{ opaque: { driver: '', parameters: {} } }] } } },
        ['spec.devices.config[0].opaque.driver: Required value'],
      ],
    ],
    update: [['ValidateImmutableField', {}, requests({ name: 'b', exactly }), [expectImmutable()]]],
  },
  {
    resource: resourceclaimtemplates,
    base: { spec: { spec: { devices: { requests: [{ name: 'a', exactly }] } } } },
    create: [
      [
        'validateDeviceRequest: in a template',
        { spec: { spec: { devices: { requests: [{ name: 'a' }] } } } },
        ['spec.spec.devices.requests[0]: Required value: exactly one of `exactly` or `firstAvailable` is required'],
      ],
    ],
  },
  {
    resource: deviceclasses,
    base: { spec: { selectors: [{ cel: { expression: 'true' } }] } },
    create: [
      ['validateSelector', { spec: { selectors: [{}] } }, ['spec.selectors[0].cel: Required value']],
      ['validateClassConfig', { spec: { config: [{}] } }, ['spec.config[0].opaque: Required value']],
    ],
  },
  {
    resource: resourceslices,
    base: {
      spec: {
        driver: 'gpu.example',
        pool: { name: 'p', generation: 1, resourceSliceCount: 1 },
        nodeName: 'n',
        devices: [{ name: 'd' }],
      },
    },
    create: [
      ['ValidateResourceSlice: valid', {}, []],
      ['validateDriverName', { spec: { driver: '' } }, ['spec.driver: Required value']],
      [
        'validateDriverName: long',
        { spec: { driver: 'd'.repeat(64) } },
        ['spec.driver: Too long: may not be more than 63 bytes'],
      ],
      [
        'validateResourcePool',
        { spec: { pool: { name: '', generation: -1, resourceSliceCount: 0 } } },
        [
          'spec.pool.name: Required value',
          'spec.pool.resourceSliceCount: Invalid value: 0: must be greater than zero',
          'spec.pool.generation: Invalid value: -1: must be greater than or equal to zero',
        ],
      ],
      ['validateResourceSliceSpec: nowhere', { spec: { nodeName: undefined } }, [`spec: Required value: ${ONE}`]],
      [
        'validateResourceSliceSpec: in two places',
        { spec: { allNodes: true } },
        [`spec: Invalid value: "{\`nodeName\`, \`allNodes\`}": ${ONE}, but multiple fields are set`],
      ],
      [
        'validateSet: a device twice',
        { spec: { devices: [{ name: 'd' }, { name: 'd' }] } },
        ['spec.devices[1]: Duplicate value: "d"'],
      ],
    ],
    update: [
      [
        'ValidateImmutableField: driver',
        {},
        { spec: { driver: 'other.example' } },
        ['spec.driver: Invalid value: "other.example": field is immutable'],
      ],
      [
        'ValidateImmutableField: pool',
        {},
        { spec: { pool: { name: 'q' } } },
        ['spec.pool.name: Invalid value: "q": field is immutable'],
      ],
    ],
  },
)

function expectImmutable(): string {
  return 'spec: Invalid value: {"Devices":{"Requests":[{"Name":"b","Exactly":{"DeviceClassName":"gpu.example","Selectors":null,"AllocationMode":"ExactCount","Count":1,"AdminAccess":null,"Tolerations":null,"Capacity":null},"FirstAvailable":null}],"Constraints":null,"Config":null}}: field is immutable'
}
