// Credential plugins of kubeconfigs: what a plugin is told, and what its answer says.
// Spec: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins

/** A plugin as a kubeconfig describes it. */
export interface ExecConfig {
  command?: string
  args?: readonly string[] | null
  env?: readonly { readonly name: string; readonly value: string }[] | null
  apiVersion?: string
  installHint?: string
  provideClusterInfo?: boolean
  interactiveMode?: string
}

/** The cluster that a plugin is asked about, in the words of a kubeconfig. */
export interface ExecCluster {
  readonly server: string
  readonly 'tls-server-name'?: string
  readonly 'insecure-skip-tls-verify'?: boolean
  /** PEM in base64. */
  readonly 'certificate-authority-data'?: string
  readonly 'proxy-url'?: string
  /** What the kubeconfig has for plugins of this cluster. */
  readonly config?: unknown
}

/** A plugin that can be run. */
export interface ExecPlugin {
  readonly command: string
  readonly args: readonly string[]
  readonly env: readonly { readonly name: string; readonly value: string }[]
  readonly apiVersion: string
  readonly installHint: string
  readonly interactiveMode: string
  /** Absent when the plugin does not want to know. */
  readonly cluster?: ExecCluster
}

/** What a plugin gives; it holds until it is used without success, or until it expires. */
export interface IssuedCredentials {
  readonly token?: string
  /** PEM texts. */
  readonly certificate?: { readonly cert: string; readonly key: string }
  /** Milliseconds since the epoch. */
  readonly expires?: number
}

/** Name of the field in a cluster's extensions that is for plugins. */
export const EXEC_EXTENSION = 'client.authentication.k8s.io/exec'

const V1 = 'client.authentication.k8s.io/v1'
const V1BETA1 = 'client.authentication.k8s.io/v1beta1'
const MODES = new Set(['Never', 'IfAvailable', 'Always'])

/** Beta's plugins ask when they can, unless it is said otherwise. */
function modeOf({ apiVersion, interactiveMode }: ExecConfig): string {
  return interactiveMode || (apiVersion === V1 ? '' : 'IfAvailable')
}

/** What is missing or wrong in the plugin of a user. */
export function execProblems(user: string, config: ExecConfig): string[] {
  const mode = modeOf(config)
  const to = `must be specified for ${user} to use exec authentication plugin`
  return [
    ...(config.command ? [] : [`command ${to}`]),
    ...(config.apiVersion ? [] : [`apiVersion ${to}`]),
    ...(config.env ?? []).flatMap(({ name }) => (name ? [] : [`env variable name ${to}`])),
    ...(mode === '' ? [`interactiveMode ${to}`] : []),
    ...(mode === '' || MODES.has(mode) ? [] : [`invalid interactiveMode for ${user}: ${JSON.stringify(mode)}`]),
  ]
}

/** A plugin without such problems. Throws when it speaks a version that is not known here. */
export function execPluginOf(config: ExecConfig, cluster: ExecCluster): ExecPlugin {
  const { command = '', apiVersion = '', installHint = '', provideClusterInfo = false } = config
  const [args, env] = [config.args ?? [], config.env ?? []]
  const interactiveMode = modeOf(config)
  if (apiVersion !== V1 && apiVersion !== V1BETA1) {
    throw new Error(`exec plugin: invalid apiVersion ${JSON.stringify(apiVersion)}`)
  }
  const known = { command, args, env, apiVersion, installHint, interactiveMode }
  return provideClusterInfo ? { ...known, cluster } : known
}

/** Whether the plugin may ask at the terminal. Throws when it insists and cannot. */
export function isInteractive(
  { interactiveMode }: ExecPlugin,
  input: { readonly terminal: boolean; readonly inUse: boolean },
): boolean {
  if (interactiveMode === 'Never') return false
  if (interactiveMode === 'IfAvailable') return input.terminal && !input.inUse
  const why = input.terminal ? 'standard input is unavailable' : 'standard input is not a terminal'
  if (!input.terminal || input.inUse) throw new Error(`exec plugin cannot support interactive mode: ${why}`)
  return true
}

/** The text of KUBERNETES_EXEC_INFO. */
export function execInfo({ apiVersion, cluster }: ExecPlugin, interactive: boolean): string {
  return JSON.stringify({ kind: 'ExecCredential', apiVersion, spec: { interactive, ...(cluster ? { cluster } : {}) } })
}

/** What a plugin wrote. Throws an Error that says what is wrong with it. */
export function readExecCredential({ apiVersion }: ExecPlugin, output: string): IssuedCredentials {
  const answer = decoded(output)
  if (answer.apiVersion !== apiVersion) {
    throw new Error(
      `exec plugin is configured to use API version ${apiVersion}, plugin returned version ${answer.apiVersion}`,
    )
  }
  if (!answer.status) throw new Error("exec plugin didn't return a status field")
  const { token = '', clientCertificateData: cert = '', clientKeyData: key = '', expirationTimestamp } = answer.status
  if (!token && !cert && !key) throw new Error("exec plugin didn't return a token or cert/key pair")
  if (!cert !== !key) throw new Error('exec plugin returned only certificate or key, not both')
  return {
    ...(token ? { token } : {}),
    ...(cert ? { certificate: { cert, key } } : {}),
    ...(expirationTimestamp ? { expires: timeIn(expirationTimestamp) } : {}),
  }
}

interface Answer {
  readonly apiVersion: string
  readonly status?: {
    readonly token?: string
    readonly clientCertificateData?: string
    readonly clientKeyData?: string
    readonly expirationTimestamp?: string
  }
}

function decoded(output: string): Answer {
  let answer: unknown
  try {
    answer = JSON.parse(output)
  } catch (cause) {
    throw new Error('decoding stdout: expected an ExecCredential as JSON', { cause })
  }
  const { apiVersion, kind } = (answer ?? {}) as { apiVersion?: unknown; kind?: unknown }
  const given = JSON.stringify(output)
  if (!kind) throw new Error(`decoding stdout: Object 'Kind' is missing in ${given}`)
  if (!apiVersion) throw new Error(`decoding stdout: Object 'apiVersion' is missing in ${given}`)
  if (kind !== 'ExecCredential') {
    const [, version = ''] = String(apiVersion).split('/')
    throw new Error(
      `decoding stdout: no kind ${JSON.stringify(kind)} is registered for version ${JSON.stringify(version)}`,
    )
  }
  return answer as Answer
}

function timeIn(text: string): number {
  const time = Date.parse(text)
  if (Number.isNaN(time)) throw new Error(`decoding stdout: parsing time ${JSON.stringify(text)}: not RFC 3339`)
  return time
}
