// Expands `$(VAR)` in commands, arguments and values; `$$` escapes. Spec: k8s.io/kubernetes/third_party/forked/golang/expansion.

/** References to unknown variables stay as they are written. */
export function expand(input: string, lookup: (name: string) => string | undefined): string {
  return input.replace(/\$\$|\$\(([^)]*)\)/g, (match, name: string | undefined) => {
    if (match === '$$') return '$'
    return lookup(name ?? '') ?? match
  })
}

/** As `expand`, but an unknown variable is an error: for subPathExpr. */
export function expandStrict(input: string, lookup: (name: string) => string | undefined): string {
  const missing: string[] = []
  const out = expand(input, (name) => {
    const value = lookup(name)
    if (value === undefined) missing.push(name)
    return value
  })
  if (missing.length > 0) throw new Error(`missing value for ${missing.map((m) => JSON.stringify(m)).join(', ')}`)
  return out
}
