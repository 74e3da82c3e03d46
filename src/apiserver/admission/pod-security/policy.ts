// Which level of the Pod Security Standards a namespace asks for, in its labels.
// Spec: https://kubernetes.io/docs/concepts/security/pod-security-admission/#pod-security-admission-labels-for-namespaces

import type { DeepReadonly } from '../../../machinery/deep-readonly.ts'
import { type FieldError, field } from '../../../machinery/errors.ts'

/** From the loosest to the strictest. */
const LEVELS = ['privileged', 'baseline', 'restricted'] as const
export type Level = (typeof LEVELS)[number]

/** A level as it was in a minor version of Kubernetes; `latest` is Infinity. */
export interface LevelVersion {
  readonly level: Level
  readonly minor: number
}

/** What to refuse, what to note in the audit log and what to warn about. */
export interface PodSecurityPolicy {
  readonly enforce: LevelVersion
  readonly audit: LevelVersion
  readonly warn: LevelVersion
}

const LABEL = 'pod-security.kubernetes.io/'
const LATEST = Number.POSITIVE_INFINITY
const VERSION = /^v1\.(0|[1-9]\d*)$/
const ANYTHING: LevelVersion = { level: 'privileged', minor: LATEST }
/** Of namespaces that say nothing. */
export const PRIVILEGED: PodSecurityPolicy = { enforce: ANYTHING, audit: ANYTHING, warn: ANYTHING }

/** `restricted:latest`, `baseline:v1.30`. */
export function levelText({ level, minor }: LevelVersion): string {
  return `${level}:${minor === LATEST ? 'latest' : `v1.${minor}`}`
}

export function sameLevel(a: LevelVersion, b: LevelVersion): boolean {
  return a.level === b.level && a.minor === b.minor
}

/** Above 0 when `a` is the stricter one. */
export function compareLevels(a: Level, b: Level): number {
  return LEVELS.indexOf(a) - LEVELS.indexOf(b)
}

/** Whether nothing would ever be refused, noted or warned about. */
export function isPrivileged(policy: PodSecurityPolicy): boolean {
  return (
    policy.enforce.level === 'privileged' && policy.audit.level === 'privileged' && policy.warn.level === 'privileged'
  )
}

/**
 * The policy in a namespace's labels. There is always one: what cannot be read is enforced as the strictest level, and
 * neither audited nor warned about.
 */
export function policyOf(
  labels: DeepReadonly<Record<string, string>> | undefined,
  defaults: PodSecurityPolicy = PRIVILEGED,
): {
  readonly policy: PodSecurityPolicy
  readonly errors: readonly FieldError[]
} {
  if (!labels) return { policy: defaults, errors: [] }
  const errors: FieldError[] = []
  const asked = (mode: 'enforce' | 'audit' | 'warn', unreadable: Level) =>
    levelIn(labels, mode, { unreadable, absent: defaults[mode] }, errors)
  const enforce = asked('enforce', 'restricted')
  const audit = asked('audit', 'privileged')
  let warn = asked('warn', 'privileged')
  // Who enforces a level is warned about what would be refused elsewhere: in templates of pods.
  if (!warn.levelSet && enforce.levelSet && enforce.levelValid && compareLevels(enforce.level, warn.level) > 0) {
    warn = { ...warn, level: enforce.level, minor: warn.versionSet ? warn.minor : enforce.minor }
  }
  return { policy: { enforce: levelOf(enforce), audit: levelOf(audit), warn: levelOf(warn) }, errors }
}

/** A level and a version as they are written; what cannot be read is `privileged` and `latest`. */
export function levelOfText(
  level: string,
  version: string,
): LevelVersion & { readonly levelProblem?: string; readonly versionProblem?: string } {
  const known = LEVELS.find((candidate) => candidate === level)
  const digits = VERSION.exec(version)?.[1]
  return {
    level: known ?? 'privileged',
    minor: digits === undefined ? LATEST : Number(digits),
    ...(known ? {} : { levelProblem: `must be one of ${LEVELS.join(', ')}` }),
    ...(version === 'latest' || digits !== undefined ? {} : { versionProblem: 'must be "latest" or "v1.x"' }),
  }
}

interface Asked extends LevelVersion {
  readonly levelSet: boolean
  readonly levelValid: boolean
  readonly versionSet: boolean
}

const levelOf = ({ level, minor }: Asked): LevelVersion => ({ level, minor })

function levelIn(
  labels: DeepReadonly<Record<string, string>>,
  mode: string,
  { unreadable, absent }: { readonly unreadable: Level; readonly absent: LevelVersion },
  errors: FieldError[],
): Asked {
  const level = labels[`${LABEL}${mode}`]
  const version = labels[`${LABEL}${mode}-version`]
  const known = LEVELS.find((candidate) => candidate === level)
  const problem = (label: string, value: string, message: string) =>
    errors.push(field.invalid(`metadata.labels[${label}]`, value, message))
  if (level !== undefined && !known) problem(`${LABEL}${mode}`, level, `must be one of ${LEVELS.join(', ')}`)
  const digits = version === undefined || version === 'latest' ? undefined : VERSION.exec(version)?.[1]
  if (version !== undefined && version !== 'latest' && digits === undefined) {
    problem(`${LABEL}${mode}-version`, version, 'must be "latest" or "v1.x"')
  }
  return {
    level: known ?? (level === undefined ? absent.level : unreadable),
    minor: digits === undefined ? (version === undefined ? absent.minor : LATEST) : Number(digits),
    levelSet: level !== undefined,
    levelValid: known !== undefined,
    versionSet: version !== undefined,
  }
}
