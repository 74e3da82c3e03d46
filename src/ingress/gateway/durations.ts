// Reads durations of the Gateway API, such as `1h30m` or `500ms`.
// Spec: https://gateway-api.sigs.k8s.io/geps/gep-2257/

const UNITS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 }

/** Milliseconds; undefined when the text is not a duration. */
export function durationMs(text: string): number | undefined {
  if (!/^([0-9]{1,5}(h|m|s|ms)){1,4}$/.test(text)) return undefined
  return [...text.matchAll(/(\d+)(ms|h|m|s)/g)].reduce(
    (sum, [, count = '0', unit = '']) => sum + Number(count) * (UNITS[unit] ?? 0),
    0,
  )
}
