// kubectl expose: makes a service for the pods of an object.
// Model: k8s.io/kubectl/pkg/cmd/expose/expose.go.

import type { KubectlCommand, KubectlContext } from '../command.ts'
import { KubectlError } from '../errors.ts'
import { type ExposeOptions, exposedService } from '../generators/exposed-service.ts'
import { createMade } from '../generators/made.ts'
import { overrideFlags } from '../generators/overrides.ts'
import { printFlags } from '../printers/print-flags.ts'
import { buildResources } from '../resources/builder.ts'
import { filenameFlags, filenameOptions } from '../resources/flags.ts'
import { dryRunFlag, dryRunOf, fieldManagerFlag, recordFlag, saveConfigFlag, typedPrinter } from '../write/flags.ts'
import { eachInfo } from '../write/objects.ts'

const text = (name: string, description: string, short?: string) =>
  ({ name, type: 'string', description, ...(short ? { short } : {}) }) as const

export const expose: KubectlCommand = {
  name: 'expose',
  usage:
    '(-f FILENAME | TYPE NAME) [--port=port] [--protocol=TCP|UDP|SCTP] [--target-port=number-or-name] [--name=name] [--external-ip=external-ip-of-service] [--type=type] [options]',
  short: 'Take a replication controller, service, deployment or pod and expose it as a new Kubernetes service',
  examples: `# Create a service for a replicated nginx, which serves on port 80 and connects to the containers on port 8000
kubectl expose rc nginx --port=80 --target-port=8000`,
  flags: [
    ...printFlags(),
    ...filenameFlags('identifying the resource to expose a service'),
    ...overrideFlags,
    dryRunFlag,
    recordFlag,
    saveConfigFlag,
    fieldManagerFlag('kubectl-expose'),
    text('protocol', "The network protocol for the service to be created. Default is 'TCP'."),
    text('port', 'The port that the service should serve on. Copied from the resource being exposed, if unspecified'),
    text('type', "Type for this service: ClusterIP, NodePort, LoadBalancer, or ExternalName. Default is 'ClusterIP'."),
    text(
      'load-balancer-ip',
      'IP to assign to the LoadBalancer. If empty, an ephemeral IP will be created and used (cloud-provider specific).',
    ),
    text(
      'selector',
      'A label selector to use for this service. Only equality-based selector requirements are supported. If empty (the default) infer the selector from the resource being exposed.',
    ),
    text('labels', 'Labels to apply to the service created by this call.', 'l'),
    text(
      'target-port',
      'Name or number for the port on the container that the service should direct traffic to. Optional.',
    ),
    text(
      'external-ip',
      'Additional external IP address (not managed by Kubernetes) to accept for the service. If this IP is routed to a node, the service can be accessed by this IP in addition to its generated service IP.',
    ),
    text('name', 'The name for the newly created object.'),
    text(
      'session-affinity',
      "If non-empty, set the session affinity for the service to this; legal values: 'None', 'ClientIP'",
    ),
    text(
      'cluster-ip',
      "ClusterIP to be assigned to the service. Leave empty to auto-allocate, or set to 'None' to create a headless service.",
    ),
    { ...text('generator', 'Kept for scripts: there is one way to make a service.'), hidden: true },
    { ...text('public-ip', 'Now --external-ip.'), hidden: true },
    { name: 'create-external-load-balancer', type: 'boolean', description: 'Now --type=LoadBalancer.', hidden: true },
    { ...text('container-port', 'Now --target-port.'), hidden: true },
    { ...text('service-name', 'Now --name.'), hidden: true },
  ],
  async run({ args }, ctx) {
    const print = await typedPrinter(ctx, 'exposed', dryRunOf(ctx))
    const { namespace, explicit } = ctx.namespace()
    const files = filenameOptions(ctx.flags)
    const result = await buildResources(ctx, { args, files, namespace, enforceNamespace: explicit })
    const options = optionsOf(ctx)
    await eachInfo(result, async (info) => {
      const service = exposedService(info, options)
      ctx.out(print(await createMade(ctx, service)))
    })
    return 0
  },
}

function optionsOf({ flags }: KubectlContext): ExposeOptions {
  const get = (name: string, old = '') => flags.string(name) || (old === '' ? '' : (flags.string(old) ?? '')) || ''
  const affinity = get('session-affinity')
  if (!['', 'None', 'ClientIP'].includes(affinity)) throw new KubectlError(`unknown session affinity: ${affinity}`)
  return {
    name: get('name', 'service-name'),
    port: get('port'),
    targetPort: get('target-port', 'container-port'),
    protocol: get('protocol'),
    selector: get('selector'),
    labels: get('labels'),
    type: get('type') || (flags.boolean('create-external-load-balancer') ? 'LoadBalancer' : ''),
    externalIp: get('external-ip', 'public-ip'),
    loadBalancerIp: get('load-balancer-ip'),
    sessionAffinity: affinity,
    clusterIp: get('cluster-ip'),
  }
}
