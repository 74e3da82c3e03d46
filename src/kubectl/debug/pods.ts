// The pods that `kubectl debug` makes: one with a container added, a copy of one, and one on a node.
// Model: k8s.io/kubectl/pkg/cmd/debug/debug.go.

import { strategicMerge } from '../../machinery/strategic-merge.ts'
import { KubectlError } from '../errors.ts'
import type { KubeObject } from '../object.ts'
import { containersOf, findContainer } from '../pods/containers.ts'
import { changeContainer, type DebugStyle, type Kept, specOf, withProfile } from './profiles.ts'

type Json = Record<string, unknown>

/** What the command line asks for. */
export interface DebugRequest {
  readonly image: string
  /** Name of the container; empty to make one up. */
  readonly container: string
  readonly args: readonly string[]
  /** `args` are the container's arguments, not its command. */
  readonly argumentsOnly: boolean
  readonly env: readonly { readonly name: string; readonly value: string }[]
  readonly pullPolicy: string
  readonly stdin: boolean
  readonly tty: boolean
  readonly target: string
  readonly profile: string
  readonly kept: Kept
  /** Part of a container that is merged into the debug container. */
  readonly custom: Json | undefined
  readonly copyTo: string
  /** Undefined leaves the pod's own choice. */
  readonly shareProcesses: boolean | undefined
  readonly sameNode: boolean
  /** Images by container name; `*` for every other one. */
  readonly setImages: ReadonlyMap<string, string>
}

/** Makes up names; `say` is told of those that the user should know. */
export interface Naming {
  suffix(): string
  say(text: string): void
}

/** A pod and the name of its debug container; without a name nothing was added to be attached to. */
export interface DebugPod {
  readonly pod: KubeObject
  readonly container: string
}

/** The pod with an ephemeral container more. */
export function withDebugContainer(pod: KubeObject, request: DebugRequest, naming: Naming): DebugPod {
  const name = containerName(pod, request, naming)
  const added = {
    ...newContainer(name, request),
    ...(request.target === '' ? {} : { targetContainerName: request.target }),
  }
  const spec = { ...specOf(pod), ephemeralContainers: [...containersOf(pod, 'ephemeralContainers'), added] }
  return finished({ ...pod, spec }, name, { request, style: 'ephemeral' })
}

/** A pod that runs on the node, with what the node has. */
export function nodePod(node: KubeObject, request: DebugRequest, naming: Naming): DebugPod {
  const container = request.container || 'debugger'
  const nodeName = node.metadata?.name ?? ''
  const name = `node-debugger-${nodeName}-${naming.suffix()}`
  naming.say(`Creating debugging pod ${name} with container ${container} on node ${nodeName}.\n`)
  const pod: KubeObject = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, labels: { 'app.kubernetes.io/managed-by': 'kubectl-debug' } },
    spec: {
      containers: [newContainer(container, request)],
      nodeName,
      restartPolicy: 'Never',
      tolerations: [{ operator: 'Exists' }],
    },
  }
  return finished(pod, container, { request, style: 'node' })
}

/** A copy of the pod with a container added or one of its own changed. Throws KubectlError. */
export function podCopy(pod: KubeObject, request: DebugRequest, naming: Naming): DebugPod {
  const { namespace, annotations, labels } = pod.metadata ?? {}
  const { ephemeralContainers: _, nodeName, ...spec } = specOf(pod)
  const copied: KubeObject = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: request.copyTo,
      ...(namespace === undefined ? {} : { namespace }),
      ...(annotations ? { annotations } : {}),
      ...(labels ? { labels } : {}),
    },
    spec: {
      ...spec,
      ...(request.sameNode && nodeName !== undefined ? { nodeName } : {}),
      ...(request.shareProcesses === undefined ? {} : { shareProcessNamespace: request.shareProcesses }),
      containers: containersOf(pod, 'containers').map((container) => {
        const image = request.setImages.get(container.name) || request.setImages.get('*')
        return image ? { ...container, image } : container
      }),
    },
  }
  if (request.container !== '' && findContainer(copied, request.container)) {
    const changed = changeContainer(copied, request.container, (container) => changedContainer(container, request))
    return finished(changed, request.container, { request, style: 'copy' })
  }
  if (request.image === '') {
    if (request.setImages.size > 0) return { pod: copied, container: '' }
    throw new KubectlError('you must specify image when creating new container')
  }
  const name = containerName(copied, request, naming)
  const added = changedContainer(emptyContainer(name), request)
  const containers = [...containersOf(copied, 'containers'), added]
  return finished({ ...copied, spec: { ...specOf(copied), containers } }, name, { request, style: 'copy' })
}

/** Whether the rights that the profile gives are lost on a user that the whole pod runs as. */
export function losesRights(container: Json | undefined, pod: KubeObject): boolean {
  const podUser = (specOf(pod).securityContext as Json | undefined)?.runAsUser
  const own = container?.securityContext as (Json & { capabilities?: { add?: unknown[] } }) | undefined
  if (podUser === undefined || podUser === 0 || own === undefined || own.runAsUser === 0) return false
  return own.privileged === true || (own.capabilities?.add?.length ?? 0) > 0
}

const emptyContainer = (name: string): Json => ({ name, resources: {}, terminationMessagePolicy: 'File' })

function commandOf({ args, argumentsOnly }: DebugRequest): Json {
  if (args.length === 0) return {}
  return argumentsOnly ? { args } : { command: args }
}

function newContainer(name: string, request: DebugRequest): Json {
  return {
    ...emptyContainer(name),
    image: request.image,
    ...commandOf(request),
    ...(request.env.length > 0 ? { env: request.env } : {}),
    ...(request.pullPolicy === '' ? {} : { imagePullPolicy: request.pullPolicy }),
    ...(request.stdin ? { stdin: true } : {}),
    ...(request.tty ? { tty: true } : {}),
  }
}

/** A container of the copy with what was asked for; the rest stays as it is. */
function changedContainer({ stdin: _, tty: __, ...container }: Json, request: DebugRequest): Json {
  const { args: ___, ...withoutArgs } = container
  const replaced = request.args.length > 0 && !request.argumentsOnly ? withoutArgs : container
  return {
    ...replaced,
    ...commandOf(request),
    ...(request.env.length > 0 ? { env: request.env } : {}),
    ...(request.image === '' ? {} : { image: request.image }),
    ...(request.pullPolicy === '' ? {} : { imagePullPolicy: request.pullPolicy }),
    ...(request.stdin ? { stdin: true } : {}),
    ...(request.tty ? { tty: true } : {}),
  }
}

function finished(
  pod: KubeObject,
  container: string,
  { request, style }: { readonly request: DebugRequest; readonly style: DebugStyle },
): DebugPod {
  const profiled = withProfile(pod, container, { profile: request.profile, style, kept: request.kept })
  const { custom } = request
  if (custom === undefined) return { pod: profiled, container }
  const merge = (own: Json) => strategicMerge('io.k8s.api.core.v1.Container', own, { ...custom, name: container })
  return { pod: changeContainer(profiled, container, merge), container }
}

function containerName(pod: KubeObject, { container }: DebugRequest, naming: Naming): string {
  if (container !== '') return container
  let name = ''
  while (name === '' || findContainer(pod, name)) name = `debugger-${naming.suffix()}`
  naming.say(`Defaulting debug container name to ${name}.\n`)
  return name
}
