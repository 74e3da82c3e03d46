// /healthz, /livez and /readyz with their single checks.
// Spec: https://kubernetes.io/docs/reference/using-api/health-checks/

/** One named check. Rejects, or throws, when something is wrong. */
export interface HealthCheck {
  readonly name: string
  check(): Promise<void> | void
}

export interface HealthAnswer {
  readonly code: number
  readonly text: string
}

/**
 * Answers a health path. `single` is the check named in the path (empty: all); `excluded` come from the query.
 * Undefined when the named check does not exist.
 */
export async function healthAnswer(
  endpoint: string,
  checks: readonly HealthCheck[],
  request: {
    single: string
    verbose: boolean
    excluded: readonly string[]
    /** Told how each check went. */
    note?: (name: string, healthy: boolean) => void
  },
): Promise<HealthAnswer | undefined> {
  if (request.single !== '') {
    const check = checks.find((c) => c.name === request.single)
    if (!check) return undefined
    const problem = await problemOf(check)
    request.note?.(check.name, problem === undefined)
    return problem === undefined
      ? { code: 200, text: 'ok' }
      : { code: 500, text: `internal server error: ${problem}\n` }
  }
  const lines: string[] = []
  const unmatched = request.excluded.filter((name) => !checks.some((check) => check.name === name))
  let failed = false
  for (const check of checks) {
    if (request.excluded.includes(check.name)) {
      lines.push(`[+]${check.name} excluded: ok`)
      continue
    }
    const problem = await problemOf(check)
    request.note?.(check.name, problem === undefined)
    if (problem === undefined) lines.push(`[+]${check.name} ok`)
    else {
      failed = true
      lines.push(`[-]${check.name} failed: reason withheld`)
    }
  }
  if (unmatched.length > 0) {
    const names = [...new Set(unmatched)].map((name) => JSON.stringify(name)).join(',')
    lines.push(`warn: some health checks cannot be excluded: no matches for ${names}`)
  }
  if (failed) return { code: 500, text: `${lines.join('\n')}\n${endpoint} check failed\n` }
  return { code: 200, text: request.verbose ? `${lines.join('\n')}\n${endpoint} check passed\n` : 'ok' }
}

/** What is wrong, in words; undefined when nothing is. */
export async function problemOf(check: HealthCheck): Promise<string | undefined> {
  try {
    await check.check()
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
