// kubectl create ingress.
// Model: k8s.io/kubectl/pkg/cmd/create/create_ingress.go.

import { KubectlError } from '../errors.ts'
import { generator, textFlag } from './generator.ts'

const RULE =
  /^(?<host>[\w*\-.]*)(?<path>\/[^=]*)?=(?<service>[\w-]+):(?<port>[\w-]+)(?<tls>,tls(?:=(?<secret>[\w-]+))?)?$/
const BACKEND = /^(?<service>[\w-]+):(?<port>[\w-]+)$/

interface Rule {
  readonly host: string
  readonly path: { readonly path: string; readonly pathType: string; readonly backend: object }
  /** Undefined without TLS; empty when no secret is named. */
  readonly secret: string | undefined
}

export const ingress = generator({
  name: 'ingress',
  aliases: ['ing'],
  usage: 'NAME --rule=host/path=service:port[,tls[=secret]]  [options]',
  short: 'Create an ingress with the specified name',
  failure: 'ingress:',
  flags: [
    textFlag('class', 'Ingress Class to be used'),
    {
      name: 'rule',
      type: 'strings',
      description:
        "Rule in format host/path=service:port[,tls=secretname]. Paths containing the leading character '*' are considered pathType=Prefix. tls argument is optional.",
    },
    textFlag('default-backend', 'Default service for backend, in format of svcname:port'),
    {
      name: 'annotation',
      type: 'strings',
      description: 'Annotation to insert in the ingress object, in the format annotation=value',
    },
  ],
  make({ ctx, name }) {
    const { flags } = ctx
    const fallback = flags.string('default-backend') ?? ''
    const rules = flags.strings('rule')
    if (fallback === '' && rules.length === 0) {
      throw new KubectlError(
        'not enough information provided: every ingress has to either specify a default-backend (which catches all traffic) or a list of rules (which catch specific paths)',
      )
    }
    const parsed = rules.map(parseIngressRule)
    const annotations = annotationsOf(flags.strings('annotation'))
    if (fallback !== '' && !BACKEND.test(fallback)) {
      throw new KubectlError('default-backend should be in format servicename:serviceport')
    }
    const { service = '', port = '' } = BACKEND.exec(fallback)?.groups ?? {}
    const className = flags.string('class') ?? ''
    const tls = tlsOf(parsed)
    return {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'Ingress',
      metadata: { ...(annotations ? { annotations } : {}), name },
      spec: {
        ...(fallback === '' ? {} : { defaultBackend: backendOf(service, port) }),
        ...(className === '' ? {} : { ingressClassName: className }),
        ...(parsed.length > 0 ? { rules: rulesOf(parsed) } : {}),
        ...(tls.length > 0 ? { tls } : {}),
      },
      status: { loadBalancer: {} },
    }
  },
})

/** `foo.com/path*=svc:port,tls=secret`. Throws KubectlError. */
export function parseIngressRule(text: string): Rule {
  const groups = RULE.exec(text)?.groups
  if (!groups) {
    throw new KubectlError(`rule ${text} is invalid and should be in format host/path=svcname:svcport[,tls[=secret]]`)
  }
  const { host = '', path = '', service = '', port = '', tls, secret } = groups
  const prefix = path.endsWith('*')
  return {
    host,
    path: {
      backend: backendOf(service, port),
      path: prefix ? path.slice(0, -1) : path,
      pathType: prefix ? 'Prefix' : 'Exact',
    },
    secret: tls === undefined ? undefined : (secret ?? ''),
  }
}

function backendOf(name: string, port: string): object {
  return { service: { name, port: /^\d+$/.test(port) ? { number: Number(port) } : { name: port } } }
}

/** Rules of one host become one, in the order in which hosts are first named. */
function rulesOf(rules: readonly Rule[]): object[] {
  const hosts = [...new Set(rules.map((rule) => rule.host))]
  return hosts.map((host) => ({
    ...(host === '' ? {} : { host }),
    http: { paths: rules.filter((rule) => rule.host === host).map((rule) => rule.path) },
  }))
}

function tlsOf(rules: readonly Rule[]): object[] {
  const secrets = [...new Set(rules.flatMap((rule) => (rule.secret === undefined ? [] : [rule.secret])))]
  return secrets.map((secret) => {
    const hosts = [...new Set(rules.filter((r) => r.secret === secret && r.host !== '').map((r) => r.host))]
    return { ...(hosts.length > 0 ? { hosts } : {}), ...(secret === '' ? {} : { secretName: secret }) }
  })
}

function annotationsOf(pairs: readonly string[]): Record<string, string> | undefined {
  if (pairs.length === 0) return undefined
  return Object.fromEntries(
    pairs.map((pair) => {
      const equals = pair.indexOf('=')
      if (equals <= 0) throw new KubectlError(`annotation ${pair} is invalid and should be in format key=[value]`)
      return [pair.slice(0, equals), pair.slice(equals + 1)]
    }),
  )
}
