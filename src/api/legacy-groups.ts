// Kinds that changed their group on the way to their stable version.

const NETWORKING = new Set(['Ingress', 'NetworkPolicy'])

/** The group that a kind of `group` belongs to today: those of `extensions` went to two others. */
export function homeGroupOf(group: string, kind: string): string {
  if (group !== 'extensions') return group
  return NETWORKING.has(kind) ? 'networking.k8s.io' : 'apps'
}
