// Devices, what claims name and slices offer: every problem as upstream's strategies find it.
// Rules: k8s.io/kubernetes/pkg/apis/resource/validation; each case names the function.

import { deviceclasses, resourceclaims, resourceslices } from '../../../src/api/generated/resources.ts'
import { runTables } from './support.ts'

const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const LABEL =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
const IDENTIFIER =
  "a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is '[A-Za-z_][A-Za-z0-9_]*')"
const NAME_PART =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')"
const LABEL_VALUE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"
const UNKNOWN_REQUEST =
  "must be the name of a request in the claim or the name of a request and a subrequest separated by '/'"
const OWN_PLACE =
  'exactly one of `nodeName`, `nodeSelector`, or `allNodes` is required when `perDeviceNodeSelection` is set to true in the ResourceSlice spec'

runTables(
  {
    resource: resourceclaims,
    base: { spec: { devices: { requests: [{ name: 'a', exactly: { deviceClassName: 'gpu.example' } }] } } },
    create: [
      [
        'validateDeviceRequest: no name',
        { spec: { devices: { requests: [{ exactly: { deviceClassName: 'gpu.example' } }] } } },
        [`spec.devices.requests[0].name: Invalid value: "": ${LABEL}`],
      ],
      [
        'validateDeviceRequest: both',
        {
          spec: {
            devices: {
              requests: [
                {
                  name: 'a',
                  exactly: { deviceClassName: 'gpu.example' },
                  firstAvailable: [{ name: 'b', deviceClassName: 'gpu.example' }],
                },
              ],
            },
          },
        },
        [
          `spec.devices.requests[0]: Invalid value: null: exactly one of \`exactly\` or \`firstAvailable\` is required, but multiple fields are set`,
        ],
      ],
      [
        'validateRequestNameRef: known',
        {
          spec: {
            devices: {
              requests: [
                { name: 'a', exactly: { deviceClassName: 'gpu.example' } },
                {
                  name: 'b',
                  firstAvailable: [
                    { name: 'x', deviceClassName: 'gpu.example' },
                    { name: 'y', deviceClassName: 'gpu.example' },
                  ],
                },
              ],
              constraints: [{ requests: ['a', 'b', 'b/x'], matchAttribute: 'd.example/m' }],
            },
          },
        },
        [],
      ],
      [
        'validateRequestNameRef: unknown',
        {
          spec: {
            devices: {
              requests: [
                { name: 'a', exactly: { deviceClassName: 'gpu.example' } },
                {
                  name: 'b',
                  firstAvailable: [
                    { name: 'x', deviceClassName: 'gpu.example' },
                    { name: 'y', deviceClassName: 'gpu.example' },
                  ],
                },
              ],
              constraints: [{ requests: ['c', 'a/x', 'b/z', 'a/b/c', 'A'], matchAttribute: 'd.example/m' }],
            },
          },
        },
        [
          `spec.devices.constraints[0].requests[0]: Invalid value: "c": ${UNKNOWN_REQUEST}`,
          `spec.devices.constraints[0].requests[1]: Invalid value: "a/x": ${UNKNOWN_REQUEST}`,
          `spec.devices.constraints[0].requests[2]: Invalid value: "b/z": ${UNKNOWN_REQUEST}`,
          `spec.devices.constraints[0].requests[3]: Invalid value: "a/b/c": ${UNKNOWN_REQUEST}`,
          `spec.devices.constraints[0].requests[4]: Invalid value: "A": ${LABEL}`,
          `spec.devices.constraints[0].requests[4]: Invalid value: "A": ${UNKNOWN_REQUEST}`,
        ],
      ],
      [
        'validateSet: named twice',
        {
          spec: {
            devices: {
              requests: [{ name: 'a', exactly: { deviceClassName: 'gpu.example' } }],
              constraints: [{ requests: ['a', 'a'], matchAttribute: 'd.example/m' }],
            },
          },
        },
        ['spec.devices.constraints[0].requests[1]: Duplicate value: "a"'],
      ],
      [
        'validateDeviceConstraint: no attribute',
        {
          spec: {
            devices: {
              requests: [{ name: 'a', exactly: { deviceClassName: 'gpu.example' } }],
              constraints: [{ requests: ['a'] }],
            },
          },
        },
        [
          'spec.devices.constraints[0]: Required value: exactly one of "matchAttribute" or "distinctAttribute" is required, but multiple fields are set',
        ],
      ],
      [
        'validateFullyQualifiedName',
        {
          spec: {
            devices: {
              requests: [{ name: 'a', exactly: { deviceClassName: 'gpu.example' } }],
              constraints: [
                { matchAttribute: 'model' },
                { distinctAttribute: '/m' },
                { matchAttribute: 'd.example/' },
                { matchAttribute: 'D_/1' },
                { matchAttribute: 'a/b/c' },
              ],
            },
          },
        },
        [
          'spec.devices.constraints[0].matchAttribute: Invalid value: "model": a fully qualified name must be a domain and a name separated by a slash',
          'spec.devices.constraints[1].distinctAttribute: Invalid value: "": the domain must not be empty',
          'spec.devices.constraints[2].matchAttribute: Invalid value: "": the name must not be empty',
          `spec.devices.constraints[3].matchAttribute: Invalid value: "D_": ${SUBDOMAIN}`,
          `spec.devices.constraints[3].matchAttribute: Invalid value: "1": ${IDENTIFIER}`,
        ],
      ],
      [
        'validateDeviceClaimConfiguration: requests',
        {
          spec: {
            devices: {
              requests: [{ name: 'a', exactly: { deviceClassName: 'gpu.example' } }],
              config: [{ requests: ['c'], opaque: { driver: 'd.example', parameters: {} } }],
            },
          },
        },
        [`spec.devices.config[0].requests[0]: Invalid value: "c": ${UNKNOWN_REQUEST}`],
      ],
      [
        'validateRawExtension: no object',
        {
          spec: {
            devices: {
              requests: [{ name: 'a', exactly: { deviceClassName: 'gpu.example' } }],
              config: [
                { opaque: { driver: 'd.example', parameters: [1] } },
                { opaque: { driver: 'd.example' } },
                { opaque: { driver: '', parameters: undefined } },
              ],
            },
          },
        },
        [
          'spec.devices.config[0].opaque.parameters: Invalid value: "<value omitted>": must be a valid JSON object',
          'spec.devices.config[1].opaque.parameters: Required value',
          'spec.devices.config[2].opaque.driver: Required value',
          'spec.devices.config[2].opaque.parameters: Required value',
        ],
      ],
      [
        'validateRawExtension: long',
        {
          spec: {
            devices: {
              requests: [{ name: 'a', exactly: { deviceClassName: 'gpu.example' } }],
              config: [{ opaque: { driver: 'd.example', parameters: { a: 'b'.repeat(10300) } } }],
            },
          },
        },
        ['spec.devices.config[0].opaque.parameters: Too long: may not be more than 10240 bytes'],
      ],
      [
        'validateDeviceToleration',
        {
          spec: {
            devices: {
              requests: [
                {
                  name: 'a',
                  exactly: {
                    deviceClassName: 'gpu.example',
                    tolerations: [
                      { key: '-', operator: 'Exists', value: 'v' },
                      { operator: 'Equal', value: '-' },
                      { operator: 'x', effect: 'y' },
                      { key: 'k', operator: 'Exists', effect: 'NoExecute' },
                    ],
                  },
                },
              ],
            },
          },
        },
        [
          `spec.devices.requests[0].exactly.tolerations[0].key: Invalid value: "-": ${NAME_PART}`,
          `spec.devices.requests[0].exactly.tolerations[0].value: Invalid value: "v": must be empty for operator \`Exists\``,
          `spec.devices.requests[0].exactly.tolerations[1].value: Invalid value: "-": ${LABEL_VALUE}`,
          'spec.devices.requests[0].exactly.tolerations[2].operator: Unsupported value: "x": supported values: "Equal", "Exists"',
          'spec.devices.requests[0].exactly.tolerations[2].effect: Unsupported value: "y": supported values: "NoExecute", "NoSchedule", "None"',
        ],
      ],
      [
        'validateDeviceSubRequest: a list',
        {
          spec: {
            devices: {
              requests: [
                {
                  name: 'a',
                  firstAvailable: [
                    { name: 'b', deviceClassName: 'gpu.example' },
                    { name: 'b', deviceClassName: 'gpu.example' },
                  ],
                },
              ],
            },
          },
        },
        ['spec.devices.requests[0].firstAvailable[1]: Duplicate value: "b"'],
      ],
    ],
    status: [
      [
        'validateAllocationResult: valid',
        {},
        {
          status: {
            allocation: { devices: { results: [{ request: 'a', driver: 'gpu.example', pool: 'p', device: 'd' }] } },
            reservedFor: [{ resource: 'pods', name: 'p', uid: 'u' }],
          },
        },
        [],
      ],
      [
        'validateDeviceRequestAllocationResult',
        {},
        {
          status: {
            allocation: {
              devices: {
                results: [
                  { request: 'b', driver: '', pool: '', device: 'D', shareID: 'x' },
                  {
                    request: 'a',
                    driver: 'gpu.example',
                    pool: 'p',
                    device: 'd',
                    shareID: 'A1B2C3D4-0000-0000-0000-000000000000',
                  },
                ],
              },
            },
          },
        },
        [
          `status.allocation.devices.results[0].request: Invalid value: "b": ${UNKNOWN_REQUEST}`,
          'status.allocation.devices.results[0].driver: Required value',
          'status.allocation.devices.results[0].pool: Required value',
          `status.allocation.devices.results[0].device: Invalid value: "D": ${LABEL}`,
          'status.allocation.devices.results[0].shareID: Invalid value: "x": error validating uid: invalid UUID length: 1',
          `status.allocation.devices.results[1].shareID: Invalid value: "A1B2C3D4-0000-0000-0000-000000000000": uid must be in RFC 4122 normalized form, \`xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx\` with lowercase hexadecimal characters`,
        ],
      ],
      [
        'validateDeviceAllocationConfiguration',
        {},
        {
          status: {
            allocation: {
              devices: {
                results: [],
                config: [
                  { source: '', opaque: { driver: 'd.example', parameters: {} } },
                  { source: 'x', requests: ['z'] },
                ],
              },
            },
          },
        },
        [
          'status.allocation.devices.config[0].source: Required value',
          'status.allocation.devices.config[1].source: Unsupported value: "x": supported values: "FromClaim", "FromClass"',
          `status.allocation.devices.config[1].requests[0]: Invalid value: "z": ${UNKNOWN_REQUEST}`,
          'status.allocation.devices.config[1].opaque: Required value',
        ],
      ],
      [
        'validateResourceClaimUserReference',
        {},
        {
          status: {
            allocation: { devices: { results: [{ request: 'a', driver: 'gpu.example', pool: 'p', device: 'd' }] } },
            reservedFor: [
              { resource: '', name: '', uid: '' },
              { resource: 'pods', name: 'p', uid: '' },
            ],
          },
        },
        [
          'status.reservedFor[0].resource: Required value',
          'status.reservedFor[0].name: Required value',
          'status.reservedFor[0].uid: Required value',
          'status.reservedFor[1].uid: Required value',
          'status.reservedFor[1]: Duplicate value: ""',
        ],
      ],
      [
        'validateResourceClaimStatusUpdate: not allocated',
        {},
        { status: { reservedFor: [{ resource: 'pods', name: 'p', uid: 'u' }] } },
        [`status.reservedFor: Forbidden: may not be specified when \`allocated\` is not set`],
      ],
      [
        'validateResourceClaimStatusUpdate: changed',
        {
          status: {
            allocation: { devices: { results: [{ request: 'a', driver: 'gpu.example', pool: 'p', device: 'd' }] } },
          },
        },
        {
          status: {
            allocation: { devices: { results: [{ request: 'a', driver: 'gpu.example', pool: 'p', device: 'e' }] } },
          },
        },
        [
          'status.allocation: Invalid value: {"Devices":{"Results":[{"Request":"a","Driver":"gpu.example","Pool":"p","Device":"e","AdminAccess":null,"Tolerations":null,"BindingConditions":null,"BindingFailureConditions":null,"ShareID":null,"ConsumedCapacity":null}],"Config":null},"NodeSelector":null,"AllocationTimestamp":null}: field is immutable',
        ],
      ],
      [
        'validateResourceClaimStatusUpdate: given back',
        {
          status: {
            allocation: { devices: { results: [{ request: 'a', driver: 'gpu.example', pool: 'p', device: 'd' }] } },
          },
        },
        { status: { allocation: undefined } },
        [],
      ],
      [
        'validateDeviceStatus',
        {},
        {
          status: {
            allocation: { devices: { results: [{ request: 'a', driver: 'gpu.example', pool: 'p', device: 'd' }] } },
            devices: [
              { driver: '', pool: '', device: '', data: [1] },
              { driver: 'gpu.example', pool: 'p', device: 'd' },
              { driver: 'gpu.example', pool: 'p', device: 'd' },
            ],
          },
        },
        [
          'status.devices[0].driver: Required value',
          'status.devices[0].pool: Required value',
          `status.devices[0].device: Invalid value: "": ${LABEL}`,
          'status.devices[0]: Invalid value: {"Driver":"","Pool":"","Device":"","ShareID":""}: must be an allocated device in the claim',
          'status.devices[0].data: Invalid value: "<value omitted>": must be a valid JSON object',
          'status.devices[2]: Duplicate value: {"Driver":"gpu.example","Pool":"p","Device":"d","ShareID":""}',
        ],
      ],
      [
        'validateNetworkDeviceData',
        {},
        {
          status: {
            allocation: { devices: { results: [{ request: 'a', driver: 'gpu.example', pool: 'p', device: 'd' }] } },
            devices: [
              {
                driver: 'gpu.example',
                pool: 'p',
                device: 'd',
                networkData: {
                  interfaceName: 'i'.repeat(257),
                  hardwareAddress: 'h'.repeat(129),
                  ips: ['10.0.0.1', '010.0.0.1/8', 'fd00::0/64', '10.0.0.1/24', '10.0.0.1/24'],
                },
              },
            ],
          },
        },
        [
          'status.devices[0].networkData.interfaceName: Too long: may not be more than 256 bytes',
          'status.devices[0].networkData.hardwareAddress: Too long: may not be more than 128 bytes',
          'status.devices[0].networkData.ips[0]: Invalid value: "10.0.0.1": must be a valid address in CIDR form, (e.g. 10.9.8.7/24 or 2001:db8::1/64)',
          'status.devices[0].networkData.ips[1]: Invalid value: "010.0.0.1/8": must be in canonical form ("10.0.0.1/8")',
          'status.devices[0].networkData.ips[2]: Invalid value: "fd00::0/64": must be in canonical form ("fd00::/64")',
          'status.devices[0].networkData.ips[4]: Duplicate value: "10.0.0.1/24"',
        ],
      ],
    ],
  },
  {
    resource: deviceclasses,
    base: { spec: {} },
    create: [
      ['extendedResourceName', { spec: { extendedResourceName: 'example.com/gpu' } }, []],
      [
        'extendedResourceName: of Kubernetes',
        { spec: { extendedResourceName: 'gpu' } },
        ['spec.extendedResourceName: Invalid value: "gpu": must be a valid extended resource name'],
      ],
      [
        'validateDeviceClassConfiguration',
        { spec: { config: [{ opaque: { driver: 'A_', parameters: 'x' } }] } },
        [
          `spec.config[0].opaque.driver: Invalid value: "A_": ${SUBDOMAIN}`,
          'spec.config[0].opaque.parameters: Invalid value: "<value omitted>": must be a valid JSON object',
        ],
      ],
    ],
  },
  {
    resource: resourceslices,
    base: { spec: { driver: 'gpu.example', pool: { name: 'p', generation: 1, resourceSliceCount: 1 }, nodeName: 'n' } },
    create: [
      [
        'validatePoolName: parts',
        { spec: { pool: { name: 'a/B/c' } } },
        [`spec.pool.name: Invalid value: "B": ${SUBDOMAIN}`],
      ],
      [
        'validateResourceSliceSpec: falsehoods',
        { spec: { nodeName: '', allNodes: false, perDeviceNodeSelection: false } },
        [
          'spec.nodeName: Invalid value: "": must be either unset or set to a non-empty string',
          'spec.allNodes: Invalid value: false: must be either unset or set to true',
          'spec.perDeviceNodeSelection: Invalid value: false: must be either unset or set to true',
          `spec: Required value: exactly one of \`nodeName\`, \`nodeSelector\`, \`allNodes\`, \`perDeviceNodeSelection\` is required`,
        ],
      ],
      [
        'validateResourceSliceSpec: node name',
        { spec: { nodeName: 'N' } },
        [`spec.nodeName: Invalid value: "N": ${SUBDOMAIN}`],
      ],
      [
        'validateResourceSliceSpec: terms',
        {
          spec: {
            nodeName: undefined,
            nodeSelector: {
              nodeSelectorTerms: [
                { matchExpressions: [{ key: 'a', operator: 'In', values: ['b'] }] },
                { matchExpressions: [{ key: 'a', operator: 'In', values: ['b'] }] },
              ],
            },
          },
        },
        [
          'spec.nodeSelector.nodeSelectorTerms: Invalid value: [{"MatchExpressions":[{"Key":"a","Operator":"In","Values":["b"]}],"MatchFields":null},{"MatchExpressions":[{"Key":"a","Operator":"In","Values":["b"]}],"MatchFields":null}]: must have exactly one node selector term',
        ],
      ],
      [
        'validateResourceSliceSpec: a bad selector',
        {
          spec: {
            nodeName: undefined,
            nodeSelector: { nodeSelectorTerms: [{ matchExpressions: [{ key: '-', operator: 'In' }] }] },
          },
        },
        [
          `spec.nodeSelector.nodeSelectorTerms[0].matchExpressions[0].values: Required value: must be specified when \`operator\` is 'In' or 'NotIn'`,
          `spec.nodeSelector.nodeSelectorTerms[0].matchExpressions[0].key: Invalid value: "-": ${NAME_PART}`,
        ],
      ],
      [
        'validateResourceSliceSpec: devices and counters',
        { spec: { devices: [{ name: 'd' }], sharedCounters: [{ name: 'c', counters: { m: { value: '1' } } }] } },
        [`spec: Invalid value: "": only one of \`sharedCounters\` or \`devices\` is allowed`],
      ],
      [
        'validateCounterSet',
        {
          spec: {
            sharedCounters: [
              { name: '', counters: {} },
              { name: 'A', counters: { B: { value: '1' } } },
              { name: 'A', counters: { b: { value: '1' } } },
            ],
          },
        },
        [
          'spec.sharedCounters[0].name: Required value',
          'spec.sharedCounters[0].counters: Required value',
          `spec.sharedCounters[1].name: Invalid value: "A": ${LABEL}`,
          `spec.sharedCounters[1].counters: Invalid value: "B": ${LABEL}`,
          `spec.sharedCounters[2].name: Invalid value: "A": ${LABEL}`,
          'spec.sharedCounters[2]: Duplicate value: "A"',
        ],
      ],
      [
        'validateQualifiedName',
        { spec: { devices: [{ name: 'd', attributes: { '1': { int: 1 } } }] } },
        [`spec.devices[0].attributes: Invalid value: "1": ${IDENTIFIER}`],
      ],
      [
        'validateQualifiedName: long',
        { spec: { devices: [{ name: 'd', attributes: { aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa: { int: 1 } } }] } },
        ['spec.devices[0].attributes: Too long: may not be more than 32 bytes'],
      ],
      [
        'validateQualifiedName: a domain',
        { spec: { devices: [{ name: 'd', capacity: { '/b': { value: '1' } } }] } },
        ['spec.devices[0].capacity: Invalid value: "": the domain must not be empty'],
      ],
      [
        'validateDeviceAttribute: none',
        { spec: { devices: [{ name: 'd', attributes: { a: {} } }] } },
        ['spec.devices[0].attributes[a]: Invalid value: "": exactly one value must be specified'],
      ],
      [
        'validateDeviceAttribute: two',
        { spec: { devices: [{ name: 'd', attributes: { a: { int: 1, string: 'b' } } }] } },
        [
          'spec.devices[0].attributes[a]: Invalid value: {"IntValue":1,"BoolValue":null,"StringValue":"b","VersionValue":null,"IntValues":null,"BoolValues":null,"StringValues":null,"VersionValues":null}: exactly one value must be specified',
        ],
      ],
      [
        'validateDeviceAttribute: lengths',
        { spec: { devices: [{ name: 'd', attributes: { a: { string: 'x'.repeat(65) } } }] } },
        ['spec.devices[0].attributes[a].string: Too long: may not be more than 64 bytes'],
      ],
      [
        'validateDeviceAttribute: version',
        { spec: { devices: [{ name: 'd', attributes: { a: { version: '1.2' } } }] } },
        [
          'spec.devices[0].attributes[a].version: Invalid value: "1.2": must be a string compatible with semver.org spec 2.0.0',
        ],
      ],
      [
        'validateSingleAllocatableDeviceCapacity',
        { spec: { devices: [{ name: 'd', capacity: { memory: { value: '1', requestPolicy: { default: '1' } } } }] } },
        ['spec.devices[0].capacity[memory].requestPolicy: Forbidden: allowMultipleAllocations must be true'],
      ],
      [
        'validateRequestPolicy: both',
        {
          spec: {
            devices: [
              {
                name: 'd',
                allowMultipleAllocations: true,
                capacity: {
                  memory: {
                    value: '10Gi',
                    requestPolicy: { default: '1Gi', validValues: ['1Gi'], validRange: { min: '1Gi' } },
                  },
                },
              },
            ],
          },
        },
        [
          'spec.devices[0].capacity[memory].requestPolicy: Forbidden: exactly one policy can be specified, cannot specify "validValues" and "validRange" at the same time',
        ],
      ],
      [
        'validateRequestPolicy: no default',
        {
          spec: {
            devices: [
              {
                name: 'd',
                allowMultipleAllocations: true,
                capacity: { memory: { value: '10Gi', requestPolicy: { validValues: ['1Gi'] } } },
              },
            ],
          },
        },
        [
          'spec.devices[0].capacity[memory].requestPolicy.default: Required value: required when validValues is defined',
        ],
      ],
      [
        'validateRequestPolicyValidValues',
        {
          spec: {
            devices: [
              {
                name: 'd',
                allowMultipleAllocations: true,
                capacity: {
                  memory: {
                    value: '10Gi',
                    requestPolicy: { default: '3Gi', validValues: ['2Gi', '1Gi', '1Gi', '20Gi'] },
                  },
                },
              },
            ],
          },
        },
        [
          'spec.devices[0].capacity[memory].requestPolicy.validValues[1]: Invalid value: "1Gi": values must be sorted in ascending order',
          'spec.devices[0].capacity[memory].requestPolicy.validValues[3]: Invalid value: "20Gi": option is larger than capacity value: 10Gi',
          'spec.devices[0].capacity[memory].requestPolicy.validValues[2]: Duplicate value: "1073741824"',
          'spec.devices[0].capacity[memory].requestPolicy.validValues: Invalid value: "3Gi": default value is not valid according to the requestPolicy',
        ],
      ],
      [
        'validateRequestPolicyRange',
        {
          spec: {
            devices: [
              {
                name: 'd',
                allowMultipleAllocations: true,
                capacity: {
                  memory: {
                    value: '10Gi',
                    requestPolicy: { default: '1Gi', validRange: { min: '2Gi', max: '20Gi', step: '3Gi' } },
                  },
                },
              },
            ],
          },
        },
        [
          'spec.devices[0].capacity[memory].requestPolicy.validRange.min: Invalid value: "1Gi": default is less than min: 2Gi',
          'spec.devices[0].capacity[memory].requestPolicy.validRange.max: Invalid value: "20Gi": max is larger than capacity value: 10Gi',
          'spec.devices[0].capacity[memory].requestPolicy.validRange.step: Invalid value: "1Gi": value is not a multiple of a given step (3Gi) from (2Gi)',
        ],
      ],
      [
        'validateRequestPolicyRange: backwards',
        {
          spec: {
            devices: [
              {
                name: 'd',
                allowMultipleAllocations: true,
                capacity: {
                  memory: { value: '10Gi', requestPolicy: { default: '5Gi', validRange: { min: '4Gi', max: '3Gi' } } },
                },
              },
            ],
          },
        },
        [
          'spec.devices[0].capacity[memory].requestPolicy.validRange.max: Invalid value: "4Gi": min is larger than max: 3Gi',
          'spec.devices[0].capacity[memory].requestPolicy.validRange.max: Invalid value: "5Gi": default is more than max: 3Gi',
        ],
      ],
      [
        'validateDeviceTaint',
        { spec: { devices: [{ name: 'd', taints: [{ key: '-', value: '-', effect: 'x' }, { key: '' }] }] } },
        [
          `spec.devices[0].taints[0].key: Invalid value: "-": ${NAME_PART}`,
          `spec.devices[0].taints[0].value: Invalid value: "-": ${LABEL_VALUE}`,
          'spec.devices[0].taints[0].effect: Unsupported value: "x": supported values: "NoExecute", "NoSchedule", "None"',
          'spec.devices[0].taints[1].key: Invalid value: "": name part must be non-empty',
          `spec.devices[0].taints[1].key: Invalid value: "": ${NAME_PART}`,
          'spec.devices[0].taints[1].effect: Required value',
        ],
      ],
      [
        'validateDeviceCounterConsumption',
        {
          spec: {
            devices: [
              {
                name: 'd',
                consumesCounters: [
                  { counterSet: '', counters: {} },
                  { counterSet: 'A', counters: { B: { value: '1' } } },
                ],
              },
            ],
          },
        },
        [
          'spec.devices[0].consumesCounters[0].counterSet: Required value',
          'spec.devices[0].consumesCounters[0].counters: Required value',
          `spec.devices[0].consumesCounters[1].counterSet: Invalid value: "A": ${LABEL}`,
          `spec.devices[0].consumesCounters[1].counters: Invalid value: "B": ${LABEL}`,
        ],
      ],
      [
        'validateDevice: a place of its own',
        { spec: { devices: [{ name: 'd', nodeName: 'n' }] } },
        [
          `spec.devices[0]: Invalid value: null: \`nodeName\`, \`nodeSelector\` and \`allNodes\` can only be set if \`perDeviceNodeSelection\` is set to true in the ResourceSlice spec`,
        ],
      ],
      [
        'validateDevice: no place of its own',
        {
          spec: {
            nodeName: undefined,
            perDeviceNodeSelection: true,
            devices: [
              { name: 'd' },
              { name: 'e', nodeName: 'N', allNodes: true },
              { name: 'f', allNodes: false, nodeName: '' },
            ],
          },
        },
        [
          `spec.devices[0]: Required value: ${OWN_PLACE}`,
          `spec.devices[1].nodeName: Invalid value: "N": ${SUBDOMAIN}`,
          `spec.devices[1]: Invalid value: "{\`nodeName\`, \`allNodes\`}": ${OWN_PLACE}`,
          'spec.devices[2].nodeName: Invalid value: "": must not be empty',
          'spec.devices[2].allNodes: Invalid value: false: must be either unset or set to true',
          `spec.devices[2]: Required value: ${OWN_PLACE}`,
        ],
      ],
      [
        'validateDeviceBindingParameters',
        {
          spec: {
            devices: [
              { name: 'd', bindingConditions: ['a', 'a', '-'], bindingFailureConditions: ['a'] },
              { name: 'e', bindingConditions: ['a'] },
              { name: 'f', bindingFailureConditions: ['a', 'b', 'c', 'd', 'e'] },
            ],
          },
        },
        [
          `spec.devices[0].bindingConditions[2]: Invalid value: "-": ${NAME_PART}`,
          'spec.devices[0].bindingConditions[1]: Duplicate value: "a"',
          'spec.devices[0].bindingFailureConditions[0]: Invalid value: "a": bindingFailureConditions must not overlap with bindingConditions',
          'spec.devices[1].bindingFailureConditions: Invalid value: null: bindingFailureConditions are required to use bindingConditions',
          'spec.devices[2].bindingFailureConditions: Too many: 5: must have at most 4 items',
          'spec.devices[2].bindingConditions: Invalid value: null: bindingConditions are required to use bindingFailureConditions',
        ],
      ],
    ],
  },
)
