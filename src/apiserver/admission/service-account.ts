// ServiceAccount: every pod runs as a service account and gets its token mounted.
// Spec: https://kubernetes.io/docs/reference/access-authn-authz/service-accounts-admin/#serviceaccount-admission-controller

import type { Container, Pod, ServiceAccount, Volume } from '../../api/generated/core-v1.ts'
import { forbidden } from '../../machinery/errors.ts'
import { randomSuffix } from '../../machinery/random.ts'
import { awaitObject } from '../registry/await-object.ts'
import type { Registry } from '../registry/registry.ts'
import { type AdmissionAttributes, type AdmissionPlugin, onCreate } from './admission.ts'
import { enforcesSecrets, mirrorPodProblem, unlistedSecret } from './mountable-secrets.ts'

const MOUNT_PATH = '/var/run/secrets/kubernetes.io/serviceaccount'
const MIRROR = 'kubernetes.io/config.mirror'
const TOKEN_SECONDS = 3607
/** How long a pod waits for the default account of a namespace that was made just before it. */
const FRESH_NAMESPACE_MS = 3000

export function serviceAccount(registry: Registry): AdmissionPlugin {
  return {
    name: 'ServiceAccount',
    admit: onCreate('', 'pods', async (attributes) => {
      const { resource, namespace, name } = attributes
      const pod = attributes.object as unknown as Pod
      if (pod.metadata.annotations?.[MIRROR]) return checkSecrets(attributes)
      pod.spec.serviceAccountName ||= pod.spec.serviceAccount || 'default'
      pod.spec.serviceAccount = pod.spec.serviceAccountName
      const accounts = registry.resource('', 'serviceaccounts')
      const wait = pod.spec.serviceAccountName === 'default' ? FRESH_NAMESPACE_MS : 0
      const account = await awaitObject<ServiceAccount>(
        registry,
        accounts,
        { namespace, name: pod.spec.serviceAccountName },
        wait,
      )
      if (!account) {
        throw forbidden(
          resource,
          name,
          `error looking up service account ${namespace}/${pod.spec.serviceAccountName}: serviceaccount ${JSON.stringify(pod.spec.serviceAccountName)} not found`,
        )
      }
      const mount = pod.spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true
      if (mount) mountToken(pod, `kube-api-access-${randomSuffix(registry.random)}`)
      if ((pod.spec.imagePullSecrets ?? []).length === 0 && account.imagePullSecrets) {
        pod.spec.imagePullSecrets = [...account.imagePullSecrets]
      }
    }),
    validate(attributes) {
      const { operation, resource, subresource } = attributes
      if (resource.group !== '' || resource.resource !== 'pods') return
      const isNew = operation === 'CREATE' && subresource === ''
      return isNew || (operation === 'UPDATE' && subresource === 'ephemeralcontainers')
        ? checkSecrets(attributes)
        : undefined
    },
  }

  async function checkSecrets(attributes: AdmissionAttributes): Promise<void> {
    const { resource, namespace, name } = attributes
    const pod = attributes.object as unknown as Pod
    const problem = pod.metadata.annotations?.[MIRROR] ? mirrorPodProblem(pod) : await accountProblem(namespace, pod)
    if (problem !== undefined) throw forbidden(resource, name, problem)
  }

  async function accountProblem(namespace: string, pod: Pod): Promise<string | undefined> {
    const { serviceAccountName = '' } = pod.spec
    const account = await registry.lookup<ServiceAccount>('', 'serviceaccounts', namespace, serviceAccountName)
    return account && enforcesSecrets(account) ? unlistedSecret(pod, account) : undefined
  }
}

function mountToken(pod: Pod, volumeName: string): void {
  const existing = (pod.spec.volumes ?? []).find((v) => v.name.startsWith('kube-api-access-'))
  const name = existing?.name ?? volumeName
  const containers: Container[] = [...(pod.spec.initContainers ?? []), ...(pod.spec.containers ?? [])]
  let mounted = false
  for (const container of containers) {
    if ((container.volumeMounts ?? []).some((m) => m.mountPath === MOUNT_PATH)) continue
    container.volumeMounts = [...(container.volumeMounts ?? []), { name, readOnly: true, mountPath: MOUNT_PATH }]
    mounted = true
  }
  if (mounted && !existing) pod.spec.volumes = [...(pod.spec.volumes ?? []), tokenVolume(name)]
}

function tokenVolume(name: string): Volume {
  return {
    name,
    projected: {
      defaultMode: 0o644,
      sources: [
        { serviceAccountToken: { path: 'token', expirationSeconds: TOKEN_SECONDS } },
        { configMap: { name: 'kube-root-ca.crt', items: [{ key: 'ca.crt', path: 'ca.crt' }] } },
        {
          downwardAPI: {
            items: [{ path: 'namespace', fieldRef: { apiVersion: 'v1', fieldPath: 'metadata.namespace' } }],
          },
        },
      ],
    },
  }
}
