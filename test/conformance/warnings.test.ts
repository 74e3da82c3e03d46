// What the server says of objects that it takes: WarningsOnCreate and WarningsOnUpdate of
// k8s.io/kubernetes/pkg/registry/*/strategy.go. Each case names upstream's rule.

import { expect, it } from 'vitest'
import { useServer } from './access-support.ts'
import type { Json } from './custom-resources/support.ts'

const call = useServer()
const IN = (group: string, plural: string) =>
  `${group === 'v1' ? '/api/v1' : `/apis/${group}`}/namespaces/default/${plural}`
const PODS = IN('v1', 'pods')
const container = { name: 'c', image: 'i' }
const pod = (spec: object = {}, metadata: object = {}) => ({ metadata, spec: { containers: [container], ...spec } })
const contained = (...containers: object[]) =>
  pod({ containers: containers.map((more, i) => ({ name: `c${i}`, image: 'i', ...more })) })
const workload = (template: Json, spec: object = {}, metadata: object = {}) => ({
  metadata,
  spec: {
    selector: { matchLabels: { a: 'b' } },
    template: { ...template, metadata: { ...template.metadata, labels: { a: 'b' } } },
    ...spec,
  },
})
const LABEL = 'must not contain dots'
const SURPRISING = 'which can result in surprising behavior; a DNS label is recommended'
const NULL = 'a null labelSelector results in matching no pod'
const old = pod({ nodeSelector: { 'beta.kubernetes.io/os': 'linux' } })
const OLD = 'deprecated since v1.14; use "kubernetes.io/os" instead'

interface Case {
  readonly rule: string
  readonly path: string
  readonly object: Json
  readonly says: readonly string[]
  /** A change of it, and what is said of that. */
  readonly change?: readonly [change: object, says: readonly string[]]
  /** Where the change is written to. */
  readonly subresource?: string
}

const ofPods: readonly (readonly [rule: string, object: Json, ...says: string[]])[] = [
  ['nothing', pod()],
  ['GetNodeLabelDeprecatedMessage', old, `spec.nodeSelector[beta.kubernetes.io/os]: ${OLD}`],
  [
    'GetWarningsForNodeSelectorTerm',
    pod({
      affinity: {
        nodeAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: {
            nodeSelectorTerms: [{ matchExpressions: [{ key: 'beta.kubernetes.io/os', operator: 'Exists' }] }],
          },
          preferredDuringSchedulingIgnoredDuringExecution: [
            { weight: 1, preference: { matchExpressions: [{ key: 'a', operator: 'In', values: ['-'] }] } },
          ],
        },
      },
    }),
    `spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution.nodeSelectorTerms[0].matchExpressions[0].key: beta.kubernetes.io/os is ${OLD}`,
    "spec.affinity.nodeAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].preference.matchExpressions[0].values[0]: - is invalid, a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')",
  ],
  [
    'topologySpreadConstraints',
    pod({
      topologySpreadConstraints: [
        { maxSkew: 1, topologyKey: 'failure-domain.beta.kubernetes.io/zone', whenUnsatisfiable: 'ScheduleAnyway' },
      ],
    }),
    'spec.topologySpreadConstraints[0].topologyKey: failure-domain.beta.kubernetes.io/zone is deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
    `spec.topologySpreadConstraints[0].labelSelector: ${NULL}`,
  ],
  [
    'warningsForPodAffinityTerms',
    pod({
      affinity: {
        podAffinity: {
          requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'z' }],
          preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, podAffinityTerm: { topologyKey: 'z' } }],
        },
        podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'z', labelSelector: {} }] },
      },
    }),
    `spec.affinity.podAffinity.requiredDuringSchedulingIgnoredDuringExecution[0].labelSelector: ${NULL}`,
    `spec.affinity.podAffinity.preferredDuringSchedulingIgnoredDuringExecution[0].podAffinityTerm.labelSelector: ${NULL}`,
  ],
  [
    'deprecatedAnnotations',
    pod({}, { annotations: { 'scheduler.alpha.kubernetes.io/critical-pod': '' } }),
    'metadata.annotations[scheduler.alpha.kubernetes.io/critical-pod]: non-functional in v1.16+; use the "priorityClassName" field instead',
  ],
  [
    'deprecated volume plugins',
    pod({
      volumes: [
        { name: 'a', gitRepo: { repository: 'r' } },
        { name: 'b', glusterfs: { endpoints: 'e', path: 'p' } },
        { name: 'c', rbd: { monitors: ['m'], image: 'i' } },
        { name: 'd', storageos: { volumeName: 'v' } },
      ],
    }),
    'spec.volumes[0].gitRepo: deprecated in v1.11, and disabled by default in v1.33+',
    'spec.volumes[1].glusterfs: deprecated in v1.25, non-functional in v1.26+',
    'spec.volumes[2].rbd: deprecated in v1.28, non-functional in v1.31+',
    'spec.volumes[3].storageOS: deprecated in v1.22, non-functional in v1.25+',
  ],
  [
    'warningsForOverlappingVirtualPaths',
    pod({
      volumes: [
        {
          name: 'a',
          configMap: {
            name: 'm',
            items: [
              { key: 'k', path: 'p' },
              { key: 'l', path: 'p/q' },
            ],
          },
        },
        {
          name: 'b',
          projected: {
            sources: [
              {},
              { serviceAccountToken: { path: 't' } },
              { secret: { name: 's', items: [{ key: 'k', path: 't' }] } },
            ],
          },
        },
      ],
    }),
    'volume "a" (ConfigMap "m"): overlapping paths: "p/q" with "p"',
    'volume "b" (Projected) has no sources provided',
    'volume "b" (Projected): overlapping paths: "t" (Secret "s") with "t" (ServiceAccountToken)',
  ],
  [
    'GetWarningsForPersistentVolumeClaimSpec',
    pod({
      volumes: [
        {
          name: 'a',
          ephemeral: {
            volumeClaimTemplate: {
              spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '500m' } } },
            },
          },
        },
      ],
    }),
    'spec.volumes[0].ephemeral.volumeClaimTemplate.spec.resources.requests[storage]: fractional byte value "500m" is invalid, must be an integer',
  ],
  [
    'duplicate hostAliases and imagePullSecrets',
    pod({
      hostAliases: [{ ip: '1.2.3.4' }, { ip: '1.2.3.4' }, { ip: '2001:DB8::1' }],
      imagePullSecrets: [{ name: 's' }, { name: 's' }, {}],
    }),
    'spec.hostAliases[1].ip: duplicate ip "1.2.3.4"',
    'spec.imagePullSecrets[1].name: duplicate name "s"',
    'spec.imagePullSecrets[2].name: invalid empty name ""',
    'spec.hostAliases[2].ip: IPv6 address "2001:DB8::1" should be in RFC 5952 canonical format ("2001:db8::1")',
  ],
  [
    'fractional resources',
    contained({
      resources: { limits: { memory: '1500m', 'ephemeral-storage': '2500m' }, requests: { memory: '500m' } },
    }),
    'spec.containers[0].resources.limits[memory]: fractional byte value "1500m" is invalid, must be an integer',
    'spec.containers[0].resources.requests[memory]: fractional byte value "500m" is invalid, must be an integer',
    'spec.containers[0].resources.limits[ephemeral-storage]: fractional byte value "2500m" is invalid, must be an integer',
    'spec.containers[0].resources.requests[ephemeral-storage]: fractional byte value "2500m" is invalid, must be an integer',
  ],
  [
    'seccomp annotations',
    pod(
      {},
      {
        annotations: {
          'seccomp.security.alpha.kubernetes.io/pod': 'runtime/default',
          'container.seccomp.security.alpha.kubernetes.io/c': 'unconfined',
        },
      },
    ),
    'metadata.annotations[seccomp.security.alpha.kubernetes.io/pod]: non-functional in v1.27+; use the "seccompProfile" field instead',
    'metadata.annotations[container.seccomp.security.alpha.kubernetes.io/c]: non-functional in v1.27+; use the "seccompProfile" field instead',
  ],
  [
    'applyAppArmorVersionSkew',
    pod({}, { annotations: { 'container.apparmor.security.beta.kubernetes.io/c': 'localhost/p' } }),
    'metadata.annotations[container.apparmor.security.beta.kubernetes.io/c]: deprecated since v1.30; use the "appArmorProfile" field instead',
  ],
  [
    'applyAppArmorVersionSkew: the same as the pod',
    pod(
      { securityContext: { appArmorProfile: { type: 'Unconfined' } } },
      { annotations: { 'container.apparmor.security.beta.kubernetes.io/c': 'unconfined' } },
    ),
  ],
  [
    'duplicate environment',
    contained({
      env: [
        { name: 'A', value: '1' },
        { name: 'A', value: '2' },
        { name: 'A', value: '$(A)3' },
        { name: 'A', value: '$(A)' },
      ],
    }),
    'spec.containers[0].env[1]: hides previous definition of "A", which may be dropped when using apply',
    'spec.containers[0].env[3]: hides previous definition of "A", which may be dropped when using apply',
  ],
  [
    'ports',
    contained(
      {
        ports: [
          { name: 'a', containerPort: 80 },
          { containerPort: 81, hostIP: '1.2.3.4' },
          { containerPort: 90, hostPort: 90 },
        ],
      },
      {
        ports: [
          { name: 'a', containerPort: 80 },
          { containerPort: 81, hostPort: 5 },
          { containerPort: 90, hostPort: 90, hostIP: '1.2.3.4' },
        ],
      },
    ),
    'spec.containers[0].ports[1]: hostIP set without hostPort: {Name: HostPort:0 ContainerPort:81 Protocol:TCP HostIP:1.2.3.4}',
    'spec.containers[1].ports[0]: duplicate port definition with spec.containers[0].ports[0]',
    'spec.containers[1].ports[1]: overlapping port definition with spec.containers[0].ports[1]',
    'spec.containers[1].ports[2]: dangerously ambiguous port definition with spec.containers[0].ports[2]',
    'spec.containers[1].ports[0]: duplicate port name "a" with spec.containers[0].ports[0], services and probes that select ports by name will use spec.containers[0].ports[0]',
  ],
  [
    'a name that is no label',
    pod({}, { name: 'NAME.b' }),
    `metadata.name: this is used in the Pod's hostname, ${SURPRISING}: [${LABEL}]`,
  ],
]

const SPREAD = pod({
  topologySpreadConstraints: [{ maxSkew: 1, topologyKey: 'z', whenUnsatisfiable: 'DoNotSchedule' }],
})
const template = (at: string) => `${at}.spec.topologySpreadConstraints[0].labelSelector: ${NULL}`
const service = (spec: object, metadata: object = {}) => ({ metadata, spec: { ports: [{ port: 80 }], ...spec } })

const others: readonly Case[] = [
  ...(['deployments', 'replicasets'] as const).map((plural) => ({
    rule: 'GetWarningsForPodTemplate',
    path: IN('apps/v1', plural),
    object: workload(SPREAD, {}, { name: 'NAME.b' }),
    says: [
      `metadata.name: this is used in Pod names and hostnames, ${SURPRISING}: [${LABEL}]`,
      template('spec.template'),
    ],
    change: [{ metadata: { labels: { x: 'y' } } }, []] as const,
  })),
  {
    rule: 'GetWarningsForPodTemplate: of a change',
    path: IN('apps/v1', 'deployments'),
    object: workload(SPREAD),
    says: [template('spec.template')],
    change: [{ spec: { replicas: 2 } }, [template('spec.template')]],
  },
  {
    rule: 'daemonSetStrategy: of templates that change',
    path: IN('apps/v1', 'daemonsets'),
    object: workload(SPREAD),
    says: [template('spec.template')],
    change: [{ spec: { minReadySeconds: 2 } }, []],
  },
  {
    rule: 'statefulSetStrategy',
    path: IN('apps/v1', 'statefulsets'),
    object: workload(SPREAD, {
      serviceName: 's',
      revisionHistoryLimit: -1,
      volumeClaimTemplates: [
        {
          metadata: { name: 'v' },
          spec: { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '500m' } } },
        },
      ],
    }),
    says: [
      template('spec.template'),
      'spec.volumeClaimTemplates[0].resources.requests[storage]: fractional byte value "500m" is invalid, must be an integer',
      'spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended',
    ],
    change: [
      { metadata: { labels: { x: 'y' } } },
      [
        'spec.volumeClaimTemplates[0].Spec.resources.requests[storage]: fractional byte value "500m" is invalid, must be an integer',
        'spec.revisionHistoryLimit: a negative value retains all historical revisions; a value >= 0 is recommended',
      ],
    ],
  },
  {
    rule: 'rcStrategy',
    path: IN('v1', 'replicationcontrollers'),
    object: { spec: { selector: { a: 'b' }, template: workload(SPREAD).spec.template } },
    says: [template('spec.template')],
    change: [{ spec: { replicas: 2 } }, [template('spec.template')]],
  },
  {
    rule: 'terminationGracePeriodSeconds',
    path: IN('apps/v1', 'deployments'),
    object: workload(pod({ terminationGracePeriodSeconds: -1 })),
    says: [
      'spec.template.spec.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1',
    ],
  },
  {
    rule: 'podTemplateStrategy',
    path: IN('v1', 'podtemplates'),
    object: { template: SPREAD },
    says: [template('template')],
  },
  {
    rule: 'WarningsForJobSpec',
    path: IN('batch/v1', 'jobs'),
    object: {
      spec: {
        completionMode: 'Indexed',
        completions: 100_001,
        parallelism: 10_001,
        template: { spec: { ...SPREAD.spec, restartPolicy: 'Never' } },
      },
    },
    says: [
      'spec: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail',
      template('spec.template'),
    ],
  },
  {
    rule: 'cronJobStrategy',
    path: IN('batch/v1', 'cronjobs'),
    object: {
      spec: {
        schedule: '0 0 * * *',
        jobTemplate: { spec: { template: { spec: { ...SPREAD.spec, restartPolicy: 'Never' } } } },
      },
    },
    says: [template('spec.jobTemplate.spec.template')],
    change: [{ metadata: { labels: { x: 'y' } } }, []],
  },
  {
    rule: 'GetWarningsForService: headless',
    path: IN('v1', 'services'),
    object: service({
      clusterIP: 'None',
      loadBalancerIP: '1.2.3.4',
      externalIPs: ['1.2.3.4'],
      sessionAffinity: 'ClientIP',
    }),
    says: [
      'spec.loadBalancerIP is ignored for headless services',
      'spec.externalIPs is ignored for headless services',
      'spec.SessionAffinity is ignored for headless services',
    ],
  },
  {
    rule: 'GetWarningsForService: addresses',
    path: IN('v1', 'services'),
    object: service(
      { externalIPs: ['2001:DB8::1'], trafficDistribution: 'PreferClose', externalName: 'a.b' },
      { annotations: { 'service.kubernetes.io/topology-aware-hints': 'auto' } },
    ),
    says: [
      'annotation service.kubernetes.io/topology-aware-hints is deprecated, please use service.kubernetes.io/topology-mode instead',
      'spec.externalIPs[0]: IPv6 address "2001:DB8::1" should be in RFC 5952 canonical format ("2001:db8::1")',
      'spec.externalIPs is deprecated and may no longer be implemented in some clusters',
      'spec.externalName is ignored when spec.type is not "ExternalName"',
      'spec.trafficDistribution: "PreferClose" is deprecated; use "PreferSameZone"',
    ],
  },
  {
    rule: 'GetWarningsForService: names',
    path: IN('v1', 'services'),
    object: { spec: { type: 'ExternalName', externalName: 'a.b', externalIPs: ['1.2.3.4'] } },
    says: ['spec.externalIPs is ignored when spec.type is "ExternalName"'],
  },
  {
    rule: 'nodeWarnings',
    path: '/api/v1/nodes',
    object: { spec: { externalID: 'x', podCIDRs: ['FD00::/64'], podCIDR: 'FD00::/64' } },
    says: [
      'spec.externalID: this field is deprecated, and is unused by Kubernetes',
      'spec.podCIDRs[0]: IPv6 CIDR value "FD00::/64" should be in RFC 5952 canonical format ("fd00::/64")',
    ],
  },
  {
    rule: 'warningsForSecret: nothing',
    path: IN('v1', 'secrets'),
    object: { type: 'kubernetes.io/tls', stringData: { 'tls.crt': '', 'tls.key': '' } },
    says: ['tls: failed to find any PEM data in certificate input'],
  },
  {
    rule: 'warningsForSecret: a key for a certificate',
    path: IN('v1', 'secrets'),
    object: {
      type: 'kubernetes.io/tls',
      stringData: { 'tls.crt': '-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n', 'tls.key': '' },
    },
    says: [
      'tls: failed to find certificate PEM data in certificate input, but did find a private key; PEM inputs may have been switched',
    ],
  },
  {
    rule: 'warningsForSecret: other blocks',
    path: IN('v1', 'secrets'),
    object: {
      type: 'kubernetes.io/tls',
      stringData: { 'tls.crt': '-----BEGIN X-----\nAA==\n-----END X-----\n', 'tls.key': '' },
    },
    says: [
      'tls: failed to find "CERTIFICATE" PEM block in certificate input after skipping PEM blocks of the following types: [X]',
    ],
  },
  {
    rule: 'endpointsWarnings',
    path: IN('v1', 'endpoints'),
    object: { subsets: [{ addresses: [{ ip: '2001:db8:0::1' }], notReadyAddresses: [{ ip: '2001:DB8::2' }] }] },
    says: [
      'v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice',
      'subsets[0].addresses[0].ip: IPv6 address "2001:db8:0::1" should be in RFC 5952 canonical format ("2001:db8::1")',
      'subsets[0].notReadyAddresses[0].ip: IPv6 address "2001:DB8::2" should be in RFC 5952 canonical format ("2001:db8::2")',
    ],
  },
  {
    rule: 'warnOnDeprecatedAddressType',
    path: IN('discovery.k8s.io/v1', 'endpointslices'),
    object: { addressType: 'FQDN', endpoints: [{ addresses: ['a.b'] }] },
    says: ['spec.addressType: FQDN endpoints are deprecated'],
  },
  {
    rule: 'networkPolicyWarnings',
    path: IN('networking.k8s.io/v1', 'networkpolicies'),
    object: {
      spec: {
        podSelector: {},
        ingress: [{ from: [{ ipBlock: { cidr: '2001:DB8::/32', except: ['2001:DB8:1::/48'] } }] }],
        egress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/8' } }] }],
      },
    },
    says: [
      'spec.ingress[0].from[0].ipBlock.cidr: IPv6 CIDR value "2001:DB8::/32" should be in RFC 5952 canonical format ("2001:db8::/32")',
      'spec.ingress[0].from[0].ipBlock.except[0]: IPv6 CIDR value "2001:DB8:1::/48" should be in RFC 5952 canonical format ("2001:db8:1::/48")',
    ],
  },
  {
    rule: 'ingressStrategy',
    path: IN('networking.k8s.io/v1', 'ingresses'),
    object: {
      metadata: { annotations: { 'kubernetes.io/ingress.class': 'x' } },
      spec: { defaultBackend: { service: { name: 's', port: { number: 80 } } } },
    },
    says: [`annotation "kubernetes.io/ingress.class" is deprecated, please use 'spec.ingressClassName' instead`],
    change: [{ metadata: { labels: { x: 'y' } } }, []],
  },
  {
    rule: 'podStatusStrategy',
    path: PODS,
    object: pod(),
    says: [],
    subresource: 'status',
    change: [
      { status: { podIPs: [{ ip: '2001:DB8::2' }], hostIP: '1.2.3.4', hostIPs: [{ ip: '1.2.3.4' }] } },
      ['status.podIPs[0].ip: IPv6 address "2001:DB8::2" should be in RFC 5952 canonical format ("2001:db8::2")'],
    ],
  },
  {
    rule: 'GetWarningsForPersistentVolume',
    path: '/api/v1/persistentvolumes',
    object: {
      metadata: { annotations: { 'volume.beta.kubernetes.io/storage-class': 'x' } },
      spec: {
        accessModes: ['ReadWriteOnce'],
        capacity: { storage: '1Gi' },
        persistentVolumeReclaimPolicy: 'Recycle',
        nodeAffinity: {
          required: {
            nodeSelectorTerms: [{ matchExpressions: [{ key: 'beta.kubernetes.io/os', operator: 'Exists' }] }],
          },
        },
        hostPath: { path: '/tmp' },
      },
    },
    says: [
      'metadata.annotations[volume.beta.kubernetes.io/storage-class]: deprecated since v1.8; use "storageClassName" attribute instead',
      'spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.',
      `spec.nodeAffinity.required.nodeSelectorTerms[0].matchExpressions[0].key: beta.kubernetes.io/os is ${OLD}`,
    ],
  },
  {
    rule: 'csiDriverStrategy',
    path: '/apis/storage.k8s.io/v1/csidrivers',
    object: { spec: { tokenRequests: [{ audience: 'a' }] } },
    says: [
      'spec.serviceAccountTokenInSecrets is unset; if supported by this CSI driver, set to true to prevent possible logging of tokens in volume attributes',
    ],
    change: [{ metadata: { labels: { x: 'y' } } }, []],
  },
  {
    rule: 'GetWarningsForStorageClass',
    path: '/apis/storage.k8s.io/v1/storageclasses',
    object: {
      provisioner: 'p.example',
      allowedTopologies: [{ matchLabelExpressions: [{ key: 'beta.kubernetes.io/os', values: ['linux'] }] }],
    },
    says: [`allowedTopologies[0].matchLabelExpressions[0].key: ${OLD}`],
  },
  {
    rule: 'GetWarningsForCSIStorageCapacity',
    path: IN('storage.k8s.io/v1', 'csistoragecapacities'),
    object: {
      storageClassName: 'x',
      nodeTopology: {
        matchLabels: { 'beta.kubernetes.io/os': 'linux' },
        matchExpressions: [{ key: 'beta.kubernetes.io/os', operator: 'Exists' }],
      },
    },
    says: [
      `nodeTopology.matchExpressions[0].key: beta.kubernetes.io/os is ${OLD}`,
      `nodeTopology.matchLabels.beta.kubernetes.io/os: ${OLD}`,
    ],
  },
  {
    rule: 'GetWarningsForRuntimeClass',
    path: '/apis/node.k8s.io/v1/runtimeclasses',
    object: { handler: 'h', scheduling: { nodeSelector: { 'beta.kubernetes.io/os': 'linux' } } },
    says: [`scheduling.nodeSelector: ${OLD}`],
  },
  {
    rule: 'warnIfHasEnforceMountableSecretsAnnotation',
    path: IN('v1', 'serviceaccounts'),
    object: { metadata: { annotations: { 'kubernetes.io/enforce-mountable-secrets': 'true' } } },
    says: [
      'metadata.annotations[kubernetes.io/enforce-mountable-secrets]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets',
    ],
    change: [{ metadata: { labels: { x: 'y' } } }, []],
  },
  {
    rule: 'WarningsForStaticSuffix',
    path: '/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations',
    object: { metadata: { name: 'a.static.k8s.io' } },
    says: [
      'metadata.name: names ending with ".static.k8s.io" are reserved for static manifest-based configurations and cannot be managed via the API',
    ],
  },
  {
    rule: 'resourceSliceStrategy',
    path: '/apis/resource.k8s.io/v1/resourceslices',
    object: {
      spec: { driver: 'Driver.example', nodeName: 'n', pool: { name: 'p', generation: 1, resourceSliceCount: 1 } },
    },
    says: ['spec.driver: driver names should be lowercase; "Driver.example" contains uppercase characters'],
  },
]

/** What a header says, without the server's own words on what it does not do. */
const said = (header: unknown): string[] =>
  [...String(header ?? '').matchAll(/299 - "((?:[^"\\]|\\.)*)"/g)]
    .map(([, text = '']) => text.replace(/\\(.)/g, '$1'))
    .filter((text) => !text.endsWith('the object is only stored'))

let count = 0
const all: readonly Case[] = [
  ...ofPods.map(([rule, object, ...says]) => ({ rule, path: PODS, object, says })),
  ...others,
]
it.each(all)('$rule: $path', async ({ rule: _, path, object, says, change: next, subresource }) => {
  count += 1
  const name = object.metadata?.name?.replace('NAME', `w${count}`) ?? `w${count}`
  const made = await call(path, { body: { ...object, metadata: { ...object.metadata, name } } })
  expect([made.code, said(made.headers.warning)]).toEqual([201, says])
  if (!next) return
  const [change, after] = next
  const changed = await call(`${path}/${name}${subresource ? `/${subresource}` : ''}`, {
    method: 'PATCH',
    body: change,
    headers: { 'content-type': 'application/merge-patch+json' },
  })
  expect([changed.code, said(changed.headers.warning)]).toEqual([200, after])
})
