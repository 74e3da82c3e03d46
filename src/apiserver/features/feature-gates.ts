// Reading --feature-gates: which features are on, or why that cannot be.
// Model: k8s.io/component-base/featuregate.

import { dependencies, type Gate, gates, heeded } from './gates.ts'
import { parseGoBool } from './go-bool.ts'

/** Whether a feature is on. Throws for a name that is none of v1.36: callers name constants. */
export type FeatureGates = (name: string) => boolean

const known: ReadonlyMap<string, Gate> = new Map(gates.map((gate) => [gate.name, gate]))

const GROUPS: Readonly<Record<string, Gate['stage']>> = { AllAlpha: 'ALPHA', AllBeta: 'BETA' }

/** Reads `A=true,B=false`. Throws an Error in upstream's words, or one that says which gates are not heeded here. */
export function parseFeatureGates(text: string): FeatureGates {
  const given = pairsOf(text)
  const errors: string[] = []
  for (const [name, value] of given) {
    if (name in GROUPS) continue
    const gate = known.get(name)
    if (!gate) throw new Error(`unrecognized feature gate: ${name}`)
    if (gate.locked && gate.on !== value) {
      errors.push(`cannot set feature gate ${name} to ${value}, feature is locked to ${gate.on}`)
    }
  }
  if (errors.length > 0) throw new Error(errors.join(', '))
  const enabled = new Map(gates.map((gate) => [gate.name, settingOf(gate, given)]))
  const unheeded = gates.filter(({ name, on }) => enabled.get(name) !== on && !heeded.has(name))
  if (unheeded.length > 0) throw new Error(unheededMessage(unheeded))
  const broken = brokenDependencies(enabled)
  if (broken.length > 0) throw new Error(broken.join(', '))
  return (name) => {
    const on = enabled.get(name)
    if (on === undefined) throw new Error(`feature ${JSON.stringify(name)} is not registered in FeatureGate`)
    return on
  }
}

/** What is on when nothing is asked for. */
export const defaultFeatures: FeatureGates = parseFeatureGates('')

/** A gate that is named itself is as it says, whatever is said of all of its stage. */
function settingOf(gate: Gate, given: ReadonlyMap<string, boolean>): boolean {
  const own = given.get(gate.name)
  if (own !== undefined) return own
  const group = Object.keys(GROUPS).find((name) => GROUPS[name] === gate.stage)
  const all = group === undefined ? undefined : given.get(group)
  return all === undefined || gate.locked ? gate.on : all
}

const SHOWN = 5

function unheededMessage(unheeded: readonly Gate[]): string {
  const shown = unheeded.slice(0, SHOWN).map(({ name, on }) => `${name} (stays ${on})`)
  const more = unheeded.length > SHOWN ? ` and ${unheeded.length - SHOWN} more` : ''
  return `feature gates that Sampan knows only by their defaults cannot be set otherwise: ${shown.join(', ')}${more}`
}

function brokenDependencies(enabled: ReadonlyMap<string, boolean>): string[] {
  return Object.entries(dependencies).flatMap(([name, needs]) => {
    if (!enabled.get(name)) return []
    const off = needs.filter((need) => !enabled.get(need))
    return off.length > 0 ? [`${name} is enabled, but depends on features that are disabled: [${off.join(' ')}]`] : []
  })
}

function pairsOf(text: string): Map<string, boolean> {
  const pairs = new Map<string, boolean>()
  for (const part of text.split(',')) {
    if (part === '') continue
    const at = part.indexOf('=')
    const name = (at < 0 ? part : part.slice(0, at)).trim()
    if (at < 0) throw new Error(`missing bool value for ${name}`)
    const value = part.slice(at + 1).trim()
    const parsed = parseGoBool(value)
    if (typeof parsed === 'string') throw new Error(`invalid value of ${name}=${value}, err: ${parsed}`)
    pairs.set(name, parsed)
  }
  return pairs
}
