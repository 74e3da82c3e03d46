// Name resolution inside a pod: its hostname, resolv.conf and /etc/hosts.

import type { SandboxConfig } from '../runtime/runtime.ts'
import type { ApiPod } from './types.ts'

export type DnsSettings = SandboxConfig['dns']

const MAX_SEARCHES = 32
const MAX_SERVERS = 3
const MAX_HOSTNAME = 63

/** Reads a resolv.conf. */
export function parseResolvConf(text: string): DnsSettings {
  const servers: string[] = []
  let searches: string[] = []
  let options: string[] = []
  for (const line of text.split('\n')) {
    const [word, ...rest] = line
      .replace(/[#;].*$/, '')
      .trim()
      .split(/\s+/)
    if (word === 'nameserver' && rest[0]) servers.push(rest[0])
    else if (word === 'search') searches = rest.filter((s) => s !== '.')
    else if (word === 'options') options = [...options, ...rest]
  }
  return { servers, searches, options }
}

/** The pod's resolver settings from dnsPolicy and dnsConfig. */
export function dnsSettings(
  pod: ApiPod,
  cluster: { dns: readonly string[]; domain: string },
  host: DnsSettings,
): DnsSettings {
  const base = baseSettings(pod, cluster, host)
  const config = pod.spec.dnsConfig
  const options = new Map(base.options.map((o) => [o.split(':')[0] ?? o, o]))
  for (const { name, value } of config?.options ?? []) {
    if (name) options.set(name, value === undefined ? name : `${name}:${value}`)
  }
  return {
    servers: unique([...base.servers, ...(config?.nameservers ?? [])]).slice(0, MAX_SERVERS),
    searches: unique([...base.searches, ...(config?.searches ?? [])]).slice(0, MAX_SEARCHES),
    options: [...options.values()],
  }
}

function baseSettings(
  pod: ApiPod,
  cluster: { dns: readonly string[]; domain: string },
  host: DnsSettings,
): DnsSettings {
  const policy = pod.spec.dnsPolicy ?? 'ClusterFirst'
  if (policy === 'None') return { servers: [], searches: [], options: [] }
  const clusterFirst = policy === 'ClusterFirstWithHostNet' || (policy === 'ClusterFirst' && !pod.spec.hostNetwork)
  if (!clusterFirst || cluster.dns.length === 0) return host
  const { domain } = cluster
  const searches = [`${pod.metadata.namespace}.svc.${domain}`, `svc.${domain}`, domain, ...host.searches]
  return { servers: cluster.dns, searches: unique(searches), options: ['ndots:5'] }
}

function unique(items: readonly string[]): string[] {
  return [...new Set(items)]
}

/** The pod's short hostname and its domain (`sub.ns.svc.cluster.local`, or empty). */
function podHostname(pod: ApiPod, clusterDomain: string): { hostname: string; domain: string } {
  const { spec, metadata } = pod
  if (spec.hostnameOverride) return { hostname: spec.hostnameOverride, domain: '' }
  const full = spec.hostname || metadata.name
  const hostname = full.length > MAX_HOSTNAME ? full.slice(0, MAX_HOSTNAME).replace(/[-.]+$/, '') : full
  return { hostname, domain: spec.subdomain ? `${spec.subdomain}.${metadata.namespace}.svc.${clusterDomain}` : '' }
}

/** The hostname inside the sandbox: the full name with setHostnameAsFQDN. */
export function sandboxHostname(pod: ApiPod, clusterDomain: string): string {
  if (pod.spec.hostNetwork) return ''
  const { hostname, domain } = podHostname(pod, clusterDomain)
  if (!pod.spec.setHostnameAsFQDN || domain === '') return hostname
  const fqdn = `${hostname}.${domain}`
  if (fqdn.length > 64)
    throw new Error(
      `failed to construct FQDN from pod hostname and cluster domain, FQDN ${fqdn} is too long (64 characters is the max, ${fqdn.length} characters requested)`,
    )
  return fqdn
}

/** Contents of the managed /etc/hosts. `hostFile` is the node's own, for pods on the host network. */
export function hostsFile(
  pod: ApiPod,
  options: { podIPs: readonly string[]; clusterDomain: string; hostFile: string },
): string {
  const aliases = (pod.spec.hostAliases ?? []).map((a) => `${[a.ip, ...(a.hostnames ?? [])].join('\t')}\n`)
  const tail = aliases.length > 0 ? `\n# Entries added by HostAliases.\n${aliases.join('')}` : ''
  if (pod.spec.hostNetwork) return `# Kubernetes-managed hosts file (host network).\n${options.hostFile}${tail}`
  const { hostname, domain } = podHostname(pod, options.clusterDomain)
  const names = domain === '' ? hostname : `${hostname}.${domain}\t${hostname}`
  const head = [
    '# Kubernetes-managed hosts file.',
    '127.0.0.1\tlocalhost',
    '::1\tlocalhost ip6-localhost ip6-loopback',
    'fe00::0\tip6-localnet',
    'fe00::0\tip6-mcastprefix',
    'fe00::1\tip6-allnodes',
    'fe00::2\tip6-allrouters',
    ...options.podIPs.map((ip) => `${ip}\t${names}`),
  ]
  return `${head.join('\n')}\n${tail}`
}
