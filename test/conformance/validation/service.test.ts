// What is refused of services and of their changes. Rules: k8s.io/kubernetes/pkg/apis/core/validation.

import { services } from '../../../src/api/generated/resources.ts'
import { type Case, type Change, runTables, type UpdateCase } from './support.ts'

const spec = (change: Change): Change => ({ spec: change })
const ports = (...list: Change[]) => spec({ ports: list })
const balancer = { type: 'LoadBalancer' }
const ONLY = "may only be used when `type` is 'LoadBalancer'"

const cases: readonly Case[] = [
  ['ValidateService', spec({ ports: [] }), ['spec.ports: Required value']],
  ['ValidateService', spec({ ports: undefined, clusterIP: 'None' }), []],
  [
    'ValidateService',
    spec({ type: 'x' }),
    ['spec.type: Unsupported value: "x": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"'],
  ],
  [
    'ValidateService',
    spec({ type: 'NodePort', clusterIP: 'None' }),
    ['spec.clusterIPs[0]: Invalid value: "None": may not be set to \'None\' for NodePort services'],
  ],
  ['ValidateService', spec({ type: 'ExternalName' }), ['spec.externalName: Required value']],
  [
    'ValidateService',
    spec({ type: 'ExternalName', externalName: 'a.example.com.', ipFamilyPolicy: 'SingleStack' }),
    ['spec.ipFamilyPolicy: Forbidden: may not be set for ExternalName services'],
  ],
  ['validateServicePort', ports({ port: 80 }, { port: 81, name: 'b' }), ['spec.ports[0].name: Required value']],
  [
    'validateServicePort',
    ports({ port: 80, name: 'a' }, { port: 81, name: 'a' }),
    ['spec.ports[1].name: Duplicate value: "a"'],
  ],
  [
    'validateServicePort',
    ports({ port: 0, targetPort: 80 }),
    ['spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive'],
  ],
  [
    'validateServicePort',
    ports({ port: 80, protocol: 'x' }),
    ['spec.ports[0].protocol: Unsupported value: "x": supported values: "SCTP", "TCP", "UDP"'],
  ],
  [
    'ValidatePortNumOrName',
    ports({ port: 80, targetPort: '80' }),
    ['spec.ports[0].targetPort: Invalid value: "80": must contain at least one letter (a-z)'],
  ],
  [
    'ValidateService',
    ports({ port: 80, name: 'a' }, { port: 80, name: 'b' }),
    [
      'spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":80,"TargetPort":0,"NodePort":0}',
    ],
  ],
  [
    'ValidateService',
    ports({ port: 80, nodePort: 30001 }),
    ["spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'"],
  ],
  [
    'ValidateService',
    spec({
      type: 'NodePort',
      ports: [
        { port: 80, name: 'a', nodePort: 30002 },
        { port: 81, name: 'b', nodePort: 30002 },
      ],
    }),
    ['spec.ports[1].nodePort: Invalid value: 30002: provided port is already allocated'],
  ],
  [
    'ValidateService',
    spec({ sessionAffinity: 'x' }),
    ['spec.sessionAffinity: Unsupported value: "x": supported values: "ClientIP", "None"'],
  ],
  [
    'validateAffinityTimeout',
    spec({ sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 86401 } } }),
    [
      'spec.sessionAffinityConfig.clientIP.timeoutSeconds: Invalid value: 86401: must be greater than 0 and less than 86400',
    ],
  ],
  [
    'IsValidIP',
    spec({ externalIPs: ['x'] }),
    ['spec.externalIPs[0]: Invalid value: "x": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)'],
  ],
  [
    'ValidateNonSpecialIP',
    spec({ externalIPs: ['0.0.0.0', '127.0.0.1', '169.254.1.1', '224.0.0.1'] }),
    [
      'spec.externalIPs[0]: Invalid value: "0.0.0.0": may not be unspecified (0.0.0.0)',
      'spec.externalIPs[1]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
      'spec.externalIPs[2]: Invalid value: "169.254.1.1": may not be in the link-local range (169.254.0.0/16, fe80::/10)',
      'spec.externalIPs[3]: Invalid value: "224.0.0.1": may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)',
    ],
  ],
  [
    'ValidateService',
    spec({ loadBalancerSourceRanges: ['10.0.0.0/8'] }),
    [`spec.LoadBalancerSourceRanges: Forbidden: ${ONLY}`],
  ],
  [
    'IsValidCIDR',
    spec({ ...balancer, loadBalancerSourceRanges: ['10.0.0.0/33'] }),
    [
      'spec.LoadBalancerSourceRanges[0]: Invalid value: "10.0.0.0/33": must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)',
    ],
  ],
  [
    'ValidateService',
    spec({ allocateLoadBalancerNodePorts: true }),
    [`spec.allocateLoadBalancerNodePorts: Forbidden: ${ONLY}`],
  ],
  ['validateLoadBalancerClassField', spec({ loadBalancerClass: 'a' }), [`spec.loadBalancerClass: Forbidden: ${ONLY}`]],
  [
    'validateServiceExternalTrafficPolicy',
    spec({ externalTrafficPolicy: 'Local' }),
    ['spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services'],
  ],
  [
    'validateServiceExternalTrafficPolicy',
    spec({ type: 'NodePort', externalTrafficPolicy: 'x' }),
    ['spec.externalTrafficPolicy: Unsupported value: "x": supported values: "Cluster", "Local"'],
  ],
  [
    'validateServiceExternalTrafficPolicy',
    spec({ ...balancer, healthCheckNodePort: 30003 }),
    [
      "spec.healthCheckNodePort: Invalid value: 30003: may only be set when `type` is 'LoadBalancer' and `externalTrafficPolicy` is 'Local'",
    ],
  ],
  [
    'validateServiceInternalTrafficFieldsValue',
    spec({ internalTrafficPolicy: 'x' }),
    ['spec.internalTrafficPolicy: Unsupported value: "x": supported values: "Cluster", "Local"'],
  ],
  [
    'validateServiceTrafficDistribution',
    spec({ trafficDistribution: 'x' }),
    [
      'spec.trafficDistribution: Unsupported value: "x": supported values: "PreferClose", "PreferSameZone", "PreferSameNode"',
    ],
  ],
  [
    'ValidateServiceClusterIPsRelatedFields',
    spec({ ipFamilies: ['IPv4', 'IPv4'] }),
    ['spec.ipFamilies[1]: Duplicate value: "IPv4"'],
  ],
]

const updates: readonly UpdateCase[] = [
  [
    'validateUpgradeDowngradeClusterIPs',
    spec({ clusterIP: '10.96.7.7' }),
    spec({ clusterIP: '10.96.7.8', clusterIPs: ['10.96.7.8'] }),
    ['spec.clusterIPs[0]: Invalid value: ["10.96.7.8"]: may not change once set'],
  ],
  [
    'validateLoadBalancerClassField',
    spec({ ...balancer, loadBalancerClass: 'a' }),
    spec({ loadBalancerClass: 'b' }),
    ['spec.loadBalancerClass: Invalid value: "b": may not change once set'],
  ],
  ['dropTypeDependentFields', spec({ ...balancer, loadBalancerClass: 'a' }), spec({ type: 'ClusterIP' }), []],
  ['dropTypeDependentFields', spec(balancer), spec({ type: 'NodePort' }), []],
  ['dropTypeDependentFields', {}, spec({ type: 'ExternalName', externalName: 'a.example.com' }), []],
]

runTables({ resource: services, base: { spec: { ports: [{ port: 80 }] } }, create: cases, update: updates })
