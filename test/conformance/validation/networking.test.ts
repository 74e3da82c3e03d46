// What is refused of network policies, ingresses, their classes and endpoint slices.
// Rules: k8s.io/kubernetes/pkg/apis/{networking,discovery}/validation.

import { endpointslices, ingressclasses, ingresses, networkpolicies } from '../../../src/api/generated/resources.ts'
import { type Case, type Change, runTables, type UpdateCase } from './support.ts'

const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
const LABEL =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')"
const LABEL_VALUE =
  "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')"

const spec = (change: Change): Change => ({ spec: change })
const port = (change: Change) => spec({ ingress: [{ ports: [change] }] })
const peer = (change: Change) => spec({ egress: [{ to: [change] }] })
const block = (change: Change) => peer({ ipBlock: change })
const [portAt, peerAt] = ['spec.ingress[0].ports[0]', 'spec.egress[0].to[0]']

const policies: readonly Case[] = [
  ['ValidateNetworkPolicySpec', spec({ policyTypes: ['Ingress', 'Egress'] }), []],
  [
    'ValidateNetworkPolicyPort',
    port({ protocol: 'x', port: 0 }),
    [
      `${portAt}.protocol: Unsupported value: "x": supported values: "TCP", "UDP", "SCTP"`,
      `${portAt}.port: Invalid value: 0: must be between 1 and 65535, inclusive`,
    ],
  ],
  [
    'ValidateNetworkPolicyPort',
    port({ port: 80, endPort: 79 }),
    [`${portAt}.endPort: Invalid value: 80: must be greater than or equal to \`port\``],
  ],
  [
    'ValidateNetworkPolicyPort',
    port({ port: 80, endPort: 65536 }),
    [`${portAt}.endPort: Invalid value: 65536: must be between 1 and 65535, inclusive`],
  ],
  [
    'ValidateNetworkPolicyPort',
    port({ port: 'web', endPort: 80 }),
    [`${portAt}.endPort: Invalid value: 80: may not be specified when \`port\` is non-numeric`],
  ],
  [
    'ValidateNetworkPolicyPort',
    port({ endPort: 80 }),
    [`${portAt}.endPort: Invalid value: 80: may not be specified when \`port\` is not specified`],
  ],
  [
    'ValidateNetworkPolicyPort',
    port({ port: '-' }),
    [
      `${portAt}.port: Invalid value: "-": must contain at least one letter (a-z)`,
      `${portAt}.port: Invalid value: "-": must not begin or end with a hyphen`,
    ],
  ],
  ['ValidateNetworkPolicyPeer', peer({}), [`${peerAt}: Required value: must specify a peer`]],
  [
    'ValidateNetworkPolicyPeer',
    peer({ podSelector: { matchLabels: { a: '-' } }, ipBlock: { cidr: '10.0.0.0/8' } }),
    [
      `${peerAt}.podSelector.matchLabels: Invalid value: "-": ${LABEL_VALUE}`,
      `${peerAt}: Forbidden: may not specify both ipBlock and another peer`,
    ],
  ],
  ['ValidateIPBlock', block({ cidr: '' }), [`${peerAt}.ipBlock.cidr: Required value`]],
  [
    'ValidateIPBlock',
    block({ cidr: '10.0.0.0', except: ['a'] }),
    [
      `${peerAt}.ipBlock.cidr: Invalid value: "10.0.0.0": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)`,
    ],
  ],
  [
    'parseCIDR',
    block({ cidr: '10.0.0.1/8' }),
    [`${peerAt}.ipBlock.cidr: Invalid value: "10.0.0.1/8": must not have bits set beyond the prefix length`],
  ],
  [
    'parseCIDR',
    block({ cidr: '010.0.0.0/8' }),
    [`${peerAt}.ipBlock.cidr: Invalid value: "010.0.0.0/8": must not have leading 0s in IP or prefix length`],
  ],
  [
    'parseCIDR',
    block({ cidr: '::ffff:10.0.0.0/104' }),
    [`${peerAt}.ipBlock.cidr: Invalid value: "::ffff:10.0.0.0/104": must not have an IPv4-mapped IPv6 address`],
  ],
  [
    'ValidateIPBlock',
    block({ cidr: '10.0.0.0/16', except: ['10.0.1.0/24', '10.0.0.0/16', '10.1.0.0/24', 'fd00::/64', 'a'] }),
    [
      `${peerAt}.ipBlock.except[1]: Invalid value: "10.0.0.0/16": must be a strict subset of \`cidr\``,
      `${peerAt}.ipBlock.except[2]: Invalid value: "10.1.0.0/24": must be a strict subset of \`cidr\``,
      `${peerAt}.ipBlock.except[3]: Invalid value: "fd00::/64": must be a strict subset of \`cidr\``,
      `${peerAt}.ipBlock.except[4]: Invalid value: "a": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)`,
    ],
  ],
  [
    'ValidateNetworkPolicySpec',
    spec({ policyTypes: ['Ingress', 'Egress', 'Ingress'] }),
    ['spec.policyTypes: Invalid value: ["Ingress","Egress","Ingress"]: may not specify more than two policyTypes'],
  ],
  [
    'ValidateNetworkPolicySpec',
    spec({ policyTypes: ['x'] }),
    ['spec.policyTypes[0]: Unsupported value: "x": supported values: "Ingress", "Egress"'],
  ],
]

const parameters = (change: Change) => spec({ parameters: { kind: 'K', name: 'n', ...change } })

const classes: readonly Case[] = [
  [
    'validateIngressClassSpec',
    spec({ controller: `a.com/${'a'.repeat(250)}` }),
    ['spec.controller: Too long: may not be more than 250 bytes'],
  ],
  ['validateIngressClassSpec', spec({ controller: '' }), ['spec.controller: Required value']],
  [
    'IsDomainPrefixedPath',
    spec({ controller: '/a' }),
    ['spec.controller: Invalid value: "/a": must be a domain-prefixed path (such as "acme.io/foo")'],
  ],
  [
    'IsDomainPrefixedPath',
    spec({ controller: 'A.com/a b' }),
    [
      `spec.controller: Invalid value: "A.com": ${SUBDOMAIN}`,
      `spec.controller: Invalid value: "a b": Invalid path (regex used for validation is '[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+')`,
    ],
  ],
  [
    'validateIngressClassParametersReference',
    parameters({ kind: '', name: 'a/b', apiGroup: 'A' }),
    [
      `spec.parameters.apiGroup: Invalid value: "A": ${SUBDOMAIN}`,
      'spec.parameters.kind: Required value',
      'spec.parameters.name: Invalid value: "a/b": may not contain \'/\'',
    ],
  ],
  [
    'validateIngressClassParametersReference',
    parameters({ scope: 'x' }),
    ['spec.parameters.scope: Unsupported value: "x": supported values: "Cluster", "Namespace"'],
  ],
  [
    'validateIngressClassParametersReference',
    parameters({ scope: 'Namespace', namespace: 'A' }),
    [`spec.parameters.namespace: Invalid value: "A": ${LABEL}`],
  ],
]

const classChanges: readonly UpdateCase[] = [
  [
    'validateIngressClassSpecUpdate',
    {},
    spec({ controller: 'a.com/c' }),
    ['spec.controller: Invalid value: "a.com/c": field is immutable'],
  ],
  ['ValidateIngressClassUpdate', {}, spec({ parameters: { kind: 'K', name: 'n' } }), []],
]

const reached = (...ingress: readonly Change[]): Change => ({ status: { loadBalancer: { ingress } } })

const ingressStatuses: readonly UpdateCase[] = [
  ['ValidateIngressStatusUpdate', {}, reached({ ip: '10.0.0.1', ports: [{ port: 80, protocol: 'TCP' }] }), []],
  [
    'ValidateIngressLoadBalancerStatus',
    {},
    reached({ ip: 'a' }),
    [
      'status.loadBalancer.ingress[0].ip: Invalid value: "a": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    ],
  ],
  [
    'ValidateIngressLoadBalancerStatus',
    {},
    reached({ hostname: 'A' }, { hostname: '10.0.0.1' }),
    [
      `status.loadBalancer.ingress[0].hostname: Invalid value: "A": ${SUBDOMAIN}`,
      'status.loadBalancer.ingress[1].hostname: Invalid value: "10.0.0.1": must be a DNS name, not an IP address',
    ],
  ],
]

const endpoint = (change: Change): Change => ({ endpoints: [{ addresses: ['10.0.0.1'], ...change }] })
const slicePort = (...ports: readonly Change[]): Change => ({ ports })
const at = 'endpoints[0]'
const many = (count: number, one: (i: number) => unknown) => Array.from({ length: count }, (_, i) => one(i))

const slices: readonly Case[] = [
  ['validateAddressType', { addressType: undefined }, ['addressType: Required value']],
  [
    'validateAddressType',
    { addressType: 'IP' },
    ['addressType: Unsupported value: "IP": supported values: "FQDN", "IPv4", "IPv6"'],
  ],
  [
    'validateEndpoints',
    { endpoints: many(1001, () => ({ addresses: ['10.0.0.1'] })) },
    ['endpoints: Too many: 1001: must have at most 1000 items'],
  ],
  [
    'validateEndpoints',
    endpoint({ addresses: [] }),
    [`${at}.addresses: Required value: must contain at least 1 address`],
  ],
  [
    'validateEndpoints',
    endpoint({ addresses: many(101, () => '10.0.0.1') }),
    [`${at}.addresses: Too many: 101: must have at most 100 items`],
  ],
  [
    'validateEndpoints',
    endpoint({ addresses: ['::1:1', 'a', '0.0.0.0', '169.254.1.1', '224.0.0.1', '010.0.0.1'] }),
    [
      `${at}.addresses: Invalid value: "::1:1": must be an IPv4 address`,
      `${at}.addresses[1]: Invalid value: "a": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)`,
      `${at}.addresses[2]: Invalid value: "0.0.0.0": may not be unspecified (0.0.0.0)`,
      `${at}.addresses[3]: Invalid value: "169.254.1.1": may not be in the link-local range (169.254.0.0/16, fe80::/10)`,
      `${at}.addresses[4]: Invalid value: "224.0.0.1": may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)`,
      `${at}.addresses[5]: Invalid value: "010.0.0.1": must not have leading 0s`,
    ],
  ],
  [
    'validateEndpoints',
    { addressType: 'IPv6', ...endpoint({ addresses: ['10.0.0.1', '::1', '2001:db8::1'] }) },
    [
      `${at}.addresses: Invalid value: "10.0.0.1": must be an IPv6 address`,
      `${at}.addresses[1]: Invalid value: "::1": may not be in the loopback range (127.0.0.0/8, ::1/128)`,
    ],
  ],
  [
    'IsFullyQualifiedDomainName',
    { addressType: 'FQDN', ...endpoint({ addresses: ['a.com', 'a.com.', 'a', 'A.com', ''] }) },
    [
      `${at}.addresses[2]: Invalid value: "a": should be a domain with at least two segments separated by dots`,
      `${at}.addresses[3]: Invalid value: "A.com": ${SUBDOMAIN}`,
      `${at}.addresses[4]: Required value`,
    ],
  ],
  ['ValidateNodeName', endpoint({ nodeName: 'A' }), [`${at}.nodeName: Invalid value: "A": ${SUBDOMAIN}`]],
  ['validateEndpoints', endpoint({ hostname: 'a.b' }), [`${at}.hostname: Invalid value: "a.b": must not contain dots`]],
  [
    'dropTopologyOnV1',
    endpoint({
      deprecatedTopology: Object.fromEntries(many(17, (i) => [`a${i}`, i === 0 ? '-' : '']) as [string, string][]),
    }),
    [],
  ],
  [
    'validateHints',
    endpoint({
      hints: { forZones: many(9, (i) => ({ name: `a${i}` })), forNodes: many(9, (i) => ({ name: `a${i}` })) },
    }),
    [`${at}.hints.forZones: Too many: 9: must have at most 8 items`],
  ],
  [
    'validateHints',
    endpoint({ hints: { forZones: [{ name: 'a' }, { name: 'a' }, { name: '-' }], forNodes: [{ name: 'A' }] } }),
    [
      `${at}.hints.forZones[1].name: Duplicate value: "a"`,
      `${at}.hints.forZones[2].name: Invalid value: "-": ${LABEL_VALUE}`,
      `${at}.hints.forNodes[0].name: Invalid value: "A": ${SUBDOMAIN}`,
    ],
  ],
  ['validatePorts', slicePort({ port: 80 }, { port: 81 }), ['ports[1].name: Duplicate value: ""']],
  [
    'validatePorts',
    slicePort({ name: 'A', protocol: 'x', appProtocol: 'a b' }),
    [
      `ports[0].name: Invalid value: "A": ${LABEL}`,
      'ports[0].protocol: Unsupported value: "x": supported values: "SCTP", "TCP", "UDP"',
      `ports[0].appProtocol: Invalid value: "a b": name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')`,
    ],
  ],
  [
    'validatePorts',
    { ports: many(20_001, (i) => ({ name: `a${i}`, port: 80 })) },
    ['ports: Too many: 20001: must have at most 20000 items'],
  ],
]

const sliceChanges: readonly UpdateCase[] = [
  [
    'ValidateEndpointSliceUpdate',
    { endpoints: [] },
    { addressType: 'IPv6' },
    ['addressType: Invalid value: "IPv6": field is immutable'],
  ],
  ['ValidateEndpointSliceUpdate', {}, endpoint({ addresses: ['10.0.0.2'] }), []],
]

const backend = { service: { name: 'a', port: { number: 80 } } }

runTables(
  { resource: networkpolicies, base: spec({ podSelector: {} }), create: policies },
  { resource: ingressclasses, base: spec({ controller: 'a.com/b' }), create: classes, update: classChanges },
  { resource: ingresses, base: spec({ defaultBackend: backend }), status: ingressStatuses },
  { resource: endpointslices, base: { addressType: 'IPv4', endpoints: [] }, create: slices, update: sliceChanges },
)
