// What `kubectl debug --profile` changes: rights of the debug container, and what is shared with what is debugged.
// Model: k8s.io/kubectl/pkg/cmd/debug/profiles.go.

import { KubectlError } from '../errors.ts'
import { isObject, type KubeObject } from '../object.ts'

/** How something is debugged: by a container added to a pod, by a copy of it, or by a pod on a node. */
export type DebugStyle = 'ephemeral' | 'copy' | 'node'

/** What a copy keeps of the pod. */
export interface Kept {
  readonly labels: boolean
  readonly annotations: boolean
  readonly livenessProbe: boolean
  readonly readinessProbe: boolean
  readonly startupProbe: boolean
  readonly initContainers: boolean
}

type Json = Record<string, unknown>

interface Profile {
  /** The rights of the debug container, made of those it had. */
  container(context: Json | undefined, style: DebugStyle): Json | undefined
  /** On a node: shares its namespaces, and sees its files at /host. */
  readonly hostNamespaces: boolean
  readonly hostFiles: boolean
}

const same = (context: Json | undefined) => context

/** As the general profile, without what the baseline of pod security forbids. */
const baseline: Profile = { container: () => undefined, hostNamespaces: false, hostFiles: false }

/** The profiles; `legacy` copies pods in its own way. */
const PROFILES: Readonly<Record<string, Profile>> = {
  legacy: { container: same, hostNamespaces: true, hostFiles: true },
  general: {
    container: (context, style) => (style === 'node' ? undefined : withCapabilities(context, ['SYS_PTRACE'])),
    hostNamespaces: true,
    hostFiles: true,
  },
  baseline,
  restricted: {
    ...baseline,
    container: () => ({
      runAsNonRoot: true,
      capabilities: { drop: ['ALL'] },
      allowPrivilegeEscalation: false,
      seccompProfile: { type: 'RuntimeDefault' },
    }),
  },
  netadmin: {
    container: (context) => withCapabilities(context, ['NET_ADMIN', 'NET_RAW']),
    hostNamespaces: true,
    hostFiles: false,
  },
  sysadmin: {
    container: (context) => ({ ...context, privileged: true }),
    hostNamespaces: true,
    hostFiles: true,
  },
}

/** Throws KubectlError for a profile that is not known. */
export function checkProfile(name: string): void {
  if (!Object.hasOwn(PROFILES, name)) throw new KubectlError(`unknown profile: ${name}`)
}

/** The pod as the profile changes it for its container `containerName`. */
export function withProfile(
  pod: KubeObject,
  containerName: string,
  { profile, style, kept }: { readonly profile: string; readonly style: DebugStyle; readonly kept: Kept },
): KubeObject {
  const rules = PROFILES[profile]
  if (rules === undefined) throw new KubectlError(`unknown profile: ${profile}`)
  const changed = changeContainer(pod, containerName, (container) => {
    const { securityContext, ...rest } = container
    const context = rules.container(isObject(securityContext) ? securityContext : undefined, style)
    return context === undefined ? rest : { ...rest, securityContext: context }
  })
  if (style === 'copy') {
    return profile === 'legacy' ? withoutLabels(changed) : sharingProcesses(reduced(changed, kept))
  }
  if (style === 'ephemeral') return changed
  const onHost = rules.hostNamespaces ? withSpec(changed, { hostNetwork: true, hostPID: true, hostIPC: true }) : changed
  return rules.hostFiles ? withHostFiles(onHost, containerName) : onHost
}

const KINDS = ['initContainers', 'containers', 'ephemeralContainers'] as const

/** The pod with its container of that name, of whatever kind, changed. */
export function changeContainer(pod: KubeObject, name: string, change: (container: Json) => Json): KubeObject {
  const spec = specOf(pod)
  const lists = KINDS.flatMap((kind) => {
    const list = spec[kind]
    if (!Array.isArray(list)) return []
    return [[kind, (list as Json[]).map((container) => (container.name === name ? change(container) : container))]]
  })
  return withSpec(pod, Object.fromEntries(lists))
}

export const specOf = (pod: KubeObject): Json => (isObject(pod.spec) ? pod.spec : {})
const withSpec = (pod: KubeObject, more: Json): KubeObject => ({ ...pod, spec: { ...specOf(pod), ...more } })

function withCapabilities(context: Json | undefined, names: readonly string[]): Json {
  const capabilities = isObject(context?.capabilities) ? context.capabilities : {}
  const before = Array.isArray(capabilities.add) ? capabilities.add : []
  return { ...context, capabilities: { ...capabilities, add: [...before, ...names] } }
}

function withoutLabels(pod: KubeObject): KubeObject {
  const { labels: _, ...metadata } = pod.metadata ?? {}
  return { ...pod, metadata }
}

/** The copy without what is not kept of the pod. */
function reduced(pod: KubeObject, kept: Kept): KubeObject {
  const { labels, annotations, ...metadata } = pod.metadata ?? {}
  const { initContainers, containers, ...spec } = specOf(pod)
  const probes = ['livenessProbe', 'readinessProbe', 'startupProbe'] as const
  const gone = new Set<string>(probes.filter((probe) => !kept[probe]))
  const withoutProbes = (Array.isArray(containers) ? (containers as Json[]) : []).map((container) =>
    Object.fromEntries(Object.entries(container).filter(([field]) => !gone.has(field))),
  )
  return {
    ...pod,
    metadata: {
      ...metadata,
      ...(kept.labels && labels ? { labels } : {}),
      ...(kept.annotations && annotations ? { annotations } : {}),
    },
    spec: { ...spec, ...(kept.initContainers && initContainers ? { initContainers } : {}), containers: withoutProbes },
  }
}

function sharingProcesses(pod: KubeObject): KubeObject {
  return specOf(pod).shareProcessNamespace === undefined ? withSpec(pod, { shareProcessNamespace: true }) : pod
}

function withHostFiles(pod: KubeObject, containerName: string): KubeObject {
  const { volumes } = specOf(pod)
  const mounted = changeContainer(pod, containerName, (container) => ({
    ...container,
    volumeMounts: [
      ...(Array.isArray(container.volumeMounts) ? container.volumeMounts : []),
      { mountPath: '/host', name: 'host-root' },
    ],
  }))
  return withSpec(mounted, {
    volumes: [...(Array.isArray(volumes) ? volumes : []), { name: 'host-root', hostPath: { path: '/' } }],
  })
}
