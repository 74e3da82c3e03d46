// How hostnames of listeners and routes meet. A wildcard stands for any number of labels; empty means every host.

/** Whether every host that `inner` means is one that `outer` means. */
export function covers(outer: string, inner: string): boolean {
  if (outer === '' || outer === inner) return true
  return outer.startsWith('*.') && inner.endsWith(outer.slice(1))
}

/** The more exact one of two that meet; undefined when no host is in both. */
export function intersection(a: string, b: string): string | undefined {
  if (covers(a, b)) return b
  return covers(b, a) ? a : undefined
}

/** The hosts of a route on a listener; empty when they do not meet. A route without hostnames takes the listener's. */
export function routeHosts(listener: string, hostnames: readonly string[]): string[] {
  const wanted = hostnames.length > 0 ? hostnames : ['']
  const met = wanted.map((hostname) => intersection(listener.toLowerCase(), hostname.toLowerCase()))
  return [...new Set(met.filter((host) => host !== undefined))]
}

/** Compares two hostnames that mean the same host: the one that says more goes first. */
export function bySpecificity(a: string, b: string): number {
  return Number(a.startsWith('*') || a === '') - Number(b.startsWith('*') || b === '') || b.length - a.length
}

/** The most exact one of those that cover a host. */
export function mostSpecific<T extends { readonly hostname: string }>(all: readonly T[], host: string): T | undefined {
  return all.filter(({ hostname }) => covers(hostname, host)).sort((a, b) => bySpecificity(a.hostname, b.hostname))[0]
}
