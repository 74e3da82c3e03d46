// What this build calls itself.

declare const SAMPAN_VERSION: string | undefined
declare const KUBERNETES_VERSION: string | undefined

/** The version of Kubernetes whose API this is; set by the build. */
const kubernetesVersion: string = typeof KUBERNETES_VERSION === 'undefined' ? 'v1.36.1' : KUBERNETES_VERSION

/** Version of the package; set by the build. */
export const sampanVersion: string = typeof SAMPAN_VERSION === 'undefined' ? '0.0.0-dev' : SAMPAN_VERSION

/** `v1.36.1+sampan.0.1.0`: what the API, nodes and kubectl show. */
export const gitVersion = `${kubernetesVersion}+sampan.${sampanVersion}`

/** The answer of /version. Spec: k8s.io/apimachinery/pkg/version. */
export function versionInfo(arch: string): Readonly<Record<string, string>> {
  const [major = '', minor = ''] = kubernetesVersion.replace(/^v/, '').split('.')
  return {
    major,
    minor,
    emulationMajor: major,
    emulationMinor: minor,
    minCompatibilityMajor: major,
    minCompatibilityMinor: String(Number(minor) - 1),
    gitVersion,
    gitCommit: '',
    gitTreeState: 'clean',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: '',
    compiler: '',
    platform: `linux/${arch}`,
  }
}
