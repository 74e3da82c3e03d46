import { describe, expect, it } from 'vitest'
import type { Container, PodSpec } from '../../../api/generated/core-v1.ts'
import { detailsText, reasonsText, violationsOf } from './evaluate.ts'
import type { Level } from './policy.ts'

const LATEST = Number.POSITIVE_INFINITY
const container = (fields: object = {}, name = 'a') => ({ name, image: 'x', ...fields }) as Container
const hardened = {
  securityContext: {
    allowPrivilegeEscalation: false,
    runAsNonRoot: true,
    capabilities: { drop: ['ALL'] },
    seccompProfile: { type: 'RuntimeDefault' },
  },
}
const podOf = (spec: Partial<PodSpec>, annotations?: Record<string, string>) => ({
  metadata: annotations ? { annotations } : {},
  spec: { containers: [container()], ...spec } as PodSpec,
})
const secure = (securityContext: object, name = 'a') =>
  container({ securityContext: { ...hardened.securityContext, ...securityContext } }, name)
const text = (level: Level, minor: number, pod: ReturnType<typeof podOf>) =>
  detailsText(violationsOf({ level, minor }, pod))

describe('Pod Security Standards', () => {
  it('asks of a plain pod what upstream asks', () => {
    expect(text('privileged', LATEST, podOf({ hostPID: true }))).toBe('')
    expect(text('baseline', LATEST, podOf({}))).toBe('')
    expect(text('restricted', LATEST, podOf({}))).toBe(
      'allowPrivilegeEscalation != false (container "a" must set securityContext.allowPrivilegeEscalation=false), ' +
        'unrestricted capabilities (container "a" must set securityContext.capabilities.drop=["ALL"]), ' +
        'runAsNonRoot != true (pod or container "a" must set securityContext.runAsNonRoot=true), ' +
        'seccompProfile (pod or container "a" must set securityContext.seccompProfile.type to "RuntimeDefault" or "Localhost")',
    )
    expect(text('restricted', LATEST, podOf({ containers: [container(hardened)] }))).toBe('')
    const reasons = reasonsText(violationsOf({ level: 'restricted', minor: LATEST }, podOf({ hostPID: true })))
    expect(reasons).toBe(
      'host namespaces, allowPrivilegeEscalation != false, unrestricted capabilities, runAsNonRoot != true, seccompProfile',
    )
  })

  const baseline: [string, Partial<PodSpec>, string][] = [
    [
      'host namespaces',
      { hostNetwork: true, hostPID: true, hostIPC: true },
      'host namespaces (hostNetwork=true, hostPID=true, hostIPC=true)',
    ],
    ['hostPath', { volumes: [{ name: 'v', hostPath: { path: '/' } }] }, 'hostPath volumes (volume "v")'],
    [
      'host ports',
      {
        containers: [
          container({ ports: [{ containerPort: 1, hostPort: 80 }] }),
          container({ ports: [{ containerPort: 1, hostPort: 9 }] }, 'b'),
        ],
      },
      'hostPort (containers "a", "b" use hostPorts 80, 9)',
    ],
    [
      'privileged init containers',
      { initContainers: [container({ securityContext: { privileged: true } }, 'i')] },
      'privileged (container "i" must not set securityContext.privileged=true)',
    ],
    [
      'capabilities',
      { containers: [container({ securityContext: { capabilities: { add: ['NET_RAW', 'CHOWN', 'SYS_ADMIN'] } } })] },
      'non-default capabilities (container "a" must not include "NET_RAW", "SYS_ADMIN" in securityContext.capabilities.add)',
    ],
    [
      'procMount',
      { containers: [container({ securityContext: { procMount: 'Unmasked' } })] },
      'procMount (container "a" must not set securityContext.procMount to "Unmasked")',
    ],
    [
      'procMount in a user namespace',
      { hostUsers: false, containers: [container({ securityContext: { procMount: 'Unmasked' } })] },
      '',
    ],
    [
      'SELinux',
      {
        securityContext: { seLinuxOptions: { type: 'spc_t', user: 'u' } },
        containers: [container({ securityContext: { seLinuxOptions: { role: 'r' } } })],
      },
      'seLinuxOptions (pod and container "a" set forbidden securityContext.seLinuxOptions: type "spc_t"; user may not be set; role may not be set)',
    ],
    [
      'seccomp',
      { securityContext: { seccompProfile: { type: 'Unconfined' } } },
      'seccompProfile (pod must not set securityContext.seccompProfile.type to "Unconfined")',
    ],
    [
      'AppArmor',
      { securityContext: { appArmorProfile: { type: 'Unconfined' } } },
      'forbidden AppArmor profile (pod must not set AppArmor profile type to "Unconfined")',
    ],
    [
      'sysctls',
      { securityContext: { sysctls: [{ name: 'kernel.msgmax', value: '1' }] } },
      'forbidden sysctls (kernel.msgmax)',
    ],
    [
      'Windows host processes',
      { securityContext: { windowsOptions: { hostProcess: true } } },
      'hostProcess (pod must not set securityContext.windowsOptions.hostProcess=true)',
    ],
    [
      'hosts of probes',
      { containers: [container({ livenessProbe: { httpGet: { host: '10.0.0.1', port: 80 } } })] },
      'probe or lifecycle host (container "a" uses probe or lifecycle host "10.0.0.1")',
    ],
  ]
  it.each(baseline)('baseline: %s', (_, spec, expected) => {
    expect(text('baseline', LATEST, podOf(spec))).toBe(expected)
  })

  const restricted: [string, Partial<PodSpec>, string][] = [
    [
      'volumes',
      {
        containers: [secure({})],
        volumes: [
          { name: 'v', hostPath: { path: '/' } },
          { name: 'w', nfs: { server: 's', path: '/' } },
          { name: 'e', emptyDir: {} },
        ],
      },
      'restricted volume types (volumes "v", "w" use restricted volume types "hostPath", "nfs")',
    ],
    [
      'capabilities, told once',
      { containers: [secure({ capabilities: { drop: ['ALL'], add: ['SYS_ADMIN'] } })] },
      'unrestricted capabilities (container "a" must not include "SYS_ADMIN" in securityContext.capabilities.add)',
    ],
    ['runAsUser', { containers: [secure({ runAsUser: 0 })] }, 'runAsUser=0 (container "a" must not set runAsUser=0)'],
    ['root of a user namespace', { hostUsers: false, containers: [secure({ runAsUser: 0, runAsNonRoot: false })] }, ''],
    [
      'root by a container',
      { securityContext: { runAsNonRoot: true }, containers: [secure({ runAsNonRoot: false })] },
      'runAsNonRoot != true (container "a" must not set securityContext.runAsNonRoot=false)',
    ],
    [
      'procMount in a user namespace',
      { hostUsers: false, containers: [secure({ procMount: 'Unmasked' })] },
      'procMount (container "a" must not set securityContext.procMount to "Unmasked")',
    ],
    ['Windows', { os: { name: 'windows' }, securityContext: { runAsNonRoot: true } }, ''],
  ]
  it.each(restricted)('restricted: %s', (_, spec, expected) => {
    expect(text('restricted', LATEST, podOf(spec))).toBe(expected)
  })

  const versions: [string, Level, number, Parameters<typeof podOf>, boolean][] = [
    [
      'hosts of probes',
      'baseline',
      33,
      [{ containers: [container({ livenessProbe: { tcpSocket: { host: 'h', port: 1 } } })] }],
      true,
    ],
    [
      'hosts of probes',
      'baseline',
      34,
      [{ containers: [container({ livenessProbe: { tcpSocket: { host: 'h', port: 1 } } })] }],
      false,
    ],
    [
      'tcp_rmem',
      'baseline',
      31,
      [{ securityContext: { sysctls: [{ name: 'net.ipv4.tcp_rmem', value: '1' }] } }],
      false,
    ],
    ['tcp_rmem', 'baseline', 32, [{ securityContext: { sysctls: [{ name: 'net.ipv4.tcp_rmem', value: '1' }] } }], true],
    [
      'container_engine_t',
      'baseline',
      30,
      [{ securityContext: { seLinuxOptions: { type: 'container_engine_t' } } }],
      false,
    ],
    [
      'container_engine_t',
      'baseline',
      31,
      [{ securityContext: { seLinuxOptions: { type: 'container_engine_t' } } }],
      true,
    ],
    [
      'root in a user namespace',
      'restricted',
      34,
      [{ hostUsers: false, containers: [secure({ runAsNonRoot: false })] }],
      false,
    ],
    ['no ALL dropped', 'restricted', 21, [{ containers: [secure({ capabilities: {} })] }], true],
    ['a version to come', 'restricted', 99, [{ containers: [secure({})] }], true],
    ['seccomp annotations', 'baseline', 18, [{}, { 'seccomp.security.alpha.kubernetes.io/pod': 'unconfined' }], false],
    ['seccomp annotations', 'baseline', 19, [{}, { 'seccomp.security.alpha.kubernetes.io/pod': 'unconfined' }], true],
  ]
  it.each(versions)('%s at %s v1.%i', (_, level, minor, pod, allowed) => {
    expect(violationsOf({ level, minor }, podOf(...pod)).length === 0).toBe(allowed)
  })

  it('reads annotations of AppArmor', () => {
    const pod = podOf({}, { 'container.apparmor.security.beta.kubernetes.io/a': 'unconfined' })
    expect(text('baseline', LATEST, pod)).toBe(
      'forbidden AppArmor profile (annotation must not set AppArmor profile type to "container.apparmor.security.beta.kubernetes.io/a="unconfined"")',
    )
  })
})
