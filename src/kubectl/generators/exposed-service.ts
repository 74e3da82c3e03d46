// The service that `kubectl expose` makes of an object.
// Model: k8s.io/kubectl/pkg/cmd/expose and pkg/polymorphichelpers.

import { KubectlError } from '../errors.ts'
import { isObject, type KubeObject } from '../object.ts'
import { goType } from '../pods/selection.ts'
import type { Info } from '../resources/builder.ts'
import { parseLabels } from '../write/labels.ts'

/** Empty texts are absent. */
export interface ExposeOptions {
  readonly name: string
  readonly port: string
  readonly targetPort: string
  readonly protocol: string
  readonly selector: string
  readonly labels: string
  readonly type: string
  readonly externalIp: string
  readonly loadBalancerIp: string
  readonly sessionAffinity: string
  readonly clusterIp: string
}

type Json = Record<string, unknown>
interface Port {
  readonly port: string
  readonly protocol: string
}

const EXPOSABLE = new Set(['ReplicationController', 'Service', 'Pod', 'Deployment', 'ReplicaSet'])
const NAME_LIMIT = 63

/** The service. Throws KubectlError. */
export function exposedService(info: Pick<Info, 'mapping' | 'name' | 'object'>, options: ExposeOptions): KubeObject {
  const { mapping, object } = info
  if (!EXPOSABLE.has(mapping.kind)) {
    throw new KubectlError(`cannot expose a ${mapping.kind}${mapping.group === '' ? '' : `.${mapping.group}`}`)
  }
  const selector = options.selector === '' ? inferredSelector(object) : parseLabels(options.selector)
  const labels = options.labels === '' ? object.metadata?.labels : parseLabels(options.labels)
  const name = options.name || info.name.slice(0, NAME_LIMIT)
  const ports = servicePorts(portsOf(object), options)
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { ...(labels && Object.keys(labels).length > 0 ? { labels } : {}), name },
    spec: {
      ...(options.clusterIp === '' ? {} : { clusterIP: options.clusterIp }),
      ...(options.externalIp === '' ? {} : { externalIPs: [options.externalIp] }),
      ...(options.type === 'LoadBalancer' && options.loadBalancerIp !== ''
        ? { loadBalancerIP: options.loadBalancerIp }
        : {}),
      ...(ports.length > 0 ? { ports } : {}),
      selector,
      ...(options.sessionAffinity === '' ? {} : { sessionAffinity: options.sessionAffinity }),
      ...(options.type === '' ? {} : { type: options.type }),
    },
    status: { loadBalancer: {} },
  }
}

const COULD_NOT_SELECT = "couldn't retrieve selectors via --selector flag or introspection:"

function inferredSelector(object: KubeObject): Json {
  const spec = isObject(object.spec) ? object.spec : {}
  const kind = object.kind ?? ''
  const refuse = (why: string) => new KubectlError(`${COULD_NOT_SELECT} ${why}`)
  if (kind === 'Pod') {
    const labels = object.metadata?.labels ?? {}
    if (Object.keys(labels).length === 0) throw refuse('the pod has no labels and cannot be exposed')
    return labels
  }
  if (kind === 'Service' || kind === 'ReplicationController') {
    if (isObject(spec.selector)) return spec.selector
    throw refuse('the service has no pod selector set')
  }
  const { matchLabels, matchExpressions } = isObject(spec.selector) ? spec.selector : {}
  if (!isObject(matchLabels) || Object.keys(matchLabels).length === 0) {
    throw refuse(`invalid ${kind.toLowerCase()}: no selectors, therefore cannot be exposed`)
  }
  if (Array.isArray(matchExpressions) && matchExpressions.length > 0) {
    throw refuse(`couldn't convert expressions - ${JSON.stringify(matchExpressions)} to map-based selector format`)
  }
  return matchLabels
}

/** The ports that the object has itself. */
function portsOf(object: KubeObject): Port[] {
  const spec = isObject(object.spec) ? object.spec : {}
  if (object.kind === 'Service') return listOf(spec.ports).map((p) => portOf(p.port, p.protocol))
  const template = isObject(spec.template) && isObject(spec.template.spec) ? spec.template.spec : spec
  if (template === spec && object.kind !== 'Pod') throw new KubectlError(`cannot extract ports from *${goType(object)}`)
  return listOf(template.containers)
    .flatMap((container) => listOf(container.ports))
    .map((p) => portOf(p.containerPort, p.protocol))
}

const listOf = (value: unknown): Json[] => (Array.isArray(value) ? value.filter(isObject) : [])
const portOf = (port: unknown, protocol: unknown): Port => ({
  port: String(port),
  protocol: typeof protocol === 'string' && protocol !== '' ? protocol : 'TCP',
})

function servicePorts(own: readonly Port[], options: ExposeOptions): Json[] {
  const wanted = options.port === '' ? own.map((p) => p.port) : options.port.split(',')
  if (wanted.length === 0) {
    if (options.clusterIp === 'None') return []
    throw new KubectlError("couldn't find port via --port flag or introspection")
  }
  return wanted.flatMap((text, i) => {
    const port = Number(text)
    if (!/^[-+]?\d+$/.test(text)) {
      throw new KubectlError(`strconv.Atoi: parsing ${JSON.stringify(text)}: invalid syntax`)
    }
    const targetPort = options.targetPort === '' ? port : numberOrName(options.targetPort)
    const protocols = options.protocol === '' ? protocolsOf(own, text) : [options.protocol]
    if (protocols.length > 1) {
      return protocols.map((protocol) => ({
        name: `port-${i + 1}-${protocol.toLowerCase()}`,
        port,
        protocol,
        targetPort,
      }))
    }
    const name = wanted.length > 1 ? { name: `port-${i + 1}` } : {}
    return [{ ...name, port, protocol: protocols[0] ?? 'TCP', targetPort }]
  })
}

function protocolsOf(own: readonly Port[], port: string): string[] {
  return own.filter((p) => p.port === port).map((p) => p.protocol)
}

/** A port by number, or by name. */
function numberOrName(text: string): number | string {
  return /^-?\d+$/.test(text) ? Number(text) : text
}
