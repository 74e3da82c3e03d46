// Which secrets a pod may refer to: none for mirror pods, and those of its service account where that says so.
// Spec: https://kubernetes.io/docs/concepts/security/service-accounts/#enforce-mountable-secrets

import type { Container, EphemeralContainer, Pod, ServiceAccount } from '../../api/generated/core-v1.ts'

const ENFORCED = 'kubernetes.io/enforce-mountable-secrets'

/** Whether pods may refer only to the secrets that the account lists. */
export function enforcesSecrets({ metadata }: ServiceAccount): boolean {
  return /^(?:1|t|true)$/i.test(metadata.annotations?.[ENFORCED] ?? '')
}

interface Reference {
  readonly secret: string
  /** Where it stands, in upstream's words. */
  readonly where: string
}

/** The first problem of a pod whose account lists its secrets; undefined when there is none. */
export function unlistedSecret({ spec }: Pod, account: ServiceAccount): string | undefined {
  const listed = new Set((account.secrets ?? []).map(({ name }) => name))
  const pullable = new Set((account.imagePullSecrets ?? []).map(({ name }) => name))
  const { name } = account.metadata
  for (const { secret, where } of referencesOf(spec)) {
    if (!listed.has(secret)) {
      return `${where} is not allowed because service account ${name} does not reference that secret`
    }
  }
  for (const [i, pull] of (spec.imagePullSecrets ?? []).entries()) {
    if (pullable.has(pull.name)) continue
    const where = `imagePullSecrets[${i}].name="${pull.name}"`
    return `${where} is not allowed because service account ${name} does not reference that imagePullSecret`
  }
  return undefined
}

function referencesOf({ volumes, initContainers, containers, ephemeralContainers }: Pod['spec']): Reference[] {
  const mounted = (volumes ?? []).flatMap(({ secret }) =>
    secret?.secretName
      ? [{ secret: secret.secretName, where: `volume with secret.secretName="${secret.secretName}"` }]
      : [],
  )
  const all: [string, readonly (Container | EphemeralContainer)[] | undefined][] = [
    ['init container', initContainers],
    ['container', containers],
    ['ephemeral container', ephemeralContainers],
  ]
  return [...mounted, ...all.flatMap(([what, list]) => (list ?? []).flatMap((one) => ofContainer(what, one)))]
}

function ofContainer(what: string, { name, env, envFrom }: Container | EphemeralContainer): Reference[] {
  const one = (secret: string | undefined, by: string): Reference[] =>
    secret ? [{ secret, where: `${what} ${name} with ${by} referencing secret.secretName="${secret}"` }] : []
  return [
    ...(env ?? []).flatMap((variable) => one(variable.valueFrom?.secretKeyRef?.name, `envVar ${variable.name}`)),
    ...(envFrom ?? []).flatMap(({ secretRef }) => one(secretRef?.name, 'envFrom')),
  ]
}

/** What a mirror pod must not refer to; undefined when it refers to nothing of the kind. */
export function mirrorPodProblem({ spec }: Pod): string | undefined {
  if (spec.serviceAccountName) return 'a mirror pod may not reference service accounts'
  const projected = (spec.volumes ?? []).flatMap(({ projected }) => projected?.sources ?? [])
  const pulled = (spec.imagePullSecrets ?? []).length > 0
  if (pulled || referencesOf(spec).length > 0 || projected.some(({ secret }) => secret !== undefined)) {
    return 'a mirror pod may not reference secrets'
  }
  const token = projected.some(({ serviceAccountToken }) => serviceAccountToken !== undefined)
  return token ? 'a mirror pod may not use ServiceAccountToken volume projections' : undefined
}
