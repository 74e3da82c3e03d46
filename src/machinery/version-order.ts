// The order of API versions: stable before beta before alpha, then newer before older.
// Model: k8s.io/apimachinery/pkg/version.

const STABILITY = ['alpha', 'beta', '']

/** Negative when `a` goes first. */
export function compareVersions(a: string, b: string): number {
  const [x, y] = [partsOf(a), partsOf(b)]
  return y.stability - x.stability || y.major - x.major || y.minor - x.minor || a.localeCompare(b)
}

function partsOf(version: string): { stability: number; major: number; minor: number } {
  const [, major, stage = '', minor] = /^v(\d+)(?:(alpha|beta)(\d+))?$/.exec(version) ?? []
  if (major === undefined) return { stability: -1, major: 0, minor: 0 }
  return { stability: STABILITY.indexOf(stage), major: Number(major), minor: Number(minor ?? 0) }
}
