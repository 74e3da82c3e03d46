// kubectl config: shows and changes kubeconfig files.
// Model: k8s.io/kubectl/pkg/cmd/config.

import type { Invocation, KubectlCommand, KubectlContext } from '../command.ts'
import { defaultFile, type EntryList, setCurrentContext, setEntry } from '../config/edit.ts'
import { kubeconfigObject } from '../config/kubeconfig.ts'
import { flattened, minified, redacted } from '../config/view.ts'
import { HelpError, KubectlError, throwCollected } from '../errors.ts'
import type { Flag } from '../flags.ts'
import { isObject } from '../object.ts'
import { toJson } from '../printers/json.ts'
import { printerOf, printFlags } from '../printers/print-flags.ts'
import { alignRows } from '../printers/tab-writer.ts'
import { setCluster, setContext, setCredentials, setProperty, unsetProperty } from './config-set.ts'

const view: KubectlCommand = {
  name: 'view',
  usage: '[flags] [options]',
  short: 'Display merged kubeconfig settings or a specified kubeconfig file',
  examples: `# Show merged kubeconfig settings
kubectl config view

# Get the password for the e2e user
kubectl config view -o jsonpath='{.users[?(@.name == "e2e")].user.password}'`,
  flags: [
    ...printFlags().map((f): Flag => (f.name === 'output' ? { ...f, fallback: 'yaml' } : f)),
    {
      name: 'flatten',
      type: 'boolean',
      description:
        'Flatten the resulting kubeconfig file into self-contained output (useful for creating portable kubeconfig files)',
    },
    { name: 'merge', type: 'boolean', fallback: 'true', description: 'Merge the full hierarchy of kubeconfig files' },
    {
      name: 'minify',
      type: 'boolean',
      description: 'Remove all information not used by current-context from the output',
    },
    { name: 'raw', type: 'boolean', description: 'Display raw byte data and sensitive data' },
  ],
  async run({ args, path }, ctx) {
    const { flags } = ctx
    if (args.length > 0) {
      throw new KubectlError(`unexpected arguments: [${args.join(' ')}]\nSee '${path} -h' for help and examples`)
    }
    if (!flags.boolean('merge') && !flags.string('kubeconfig')) {
      throw new KubectlError('if merge==false a precise file must be specified')
    }
    let config = ctx.kubeconfig()
    if (flags.boolean('minify')) {
      config = minified({ ...config, currentContext: flags.string('context') || config.currentContext })
    }
    if (flags.boolean('flatten')) config = flattened(config)
    else if (!flags.boolean('raw')) config = redacted(config)
    const object = kubeconfigObject(config)
    if (flags.string('output') === 'json') {
      const { kind, apiVersion, clusters, users, contexts } = object
      const fields = {
        kind,
        apiVersion,
        clusters: nameFirst(clusters),
        users: nameFirst(users),
        contexts: nameFirst(contexts),
      }
      ctx.out(toJson({ ...fields, 'current-context': object['current-context'] }, { keepOrder: true }))
      return 0
    }
    const printer = await printerOf(ctx)
    if (printer) ctx.out(printer(object))
    return 0
  },
}

/** The fields of an entry in the order of the Go type; others follow. */
const FIELD_ORDER: Readonly<Record<string, readonly string[]>> = {
  cluster: [
    'server',
    'tls-server-name',
    'insecure-skip-tls-verify',
    'certificate-authority',
    'certificate-authority-data',
    'proxy-url',
    'disable-compression',
  ],
  user: [
    'client-certificate',
    'client-certificate-data',
    'client-key',
    'client-key-data',
    'token',
    'tokenFile',
    'as',
    'as-uid',
    'as-groups',
    'as-user-extra',
    'username',
    'password',
    'auth-provider',
    'exec',
  ],
  context: ['cluster', 'user', 'namespace'],
}

/** Entries as Go writes them in JSON: the name before the rest. */
function nameFirst(entries: unknown): unknown {
  if (!Array.isArray(entries)) return entries
  return entries.map(({ name, ...rest }: Record<string, unknown>) => {
    const [[field, value] = ['', {}]] = Object.entries(rest)
    const entry = value as Record<string, unknown>
    const known = (FIELD_ORDER[field] ?? []).filter((key) => key in entry).map((key) => [key, entry[key]])
    const exec = isObject(entry.exec) ? { exec: execInOrder(entry.exec) } : {}
    return { name, [field]: { ...Object.fromEntries(known), ...entry, ...exec } }
  })
}

function execInOrder({ command, args, env, apiVersion, ...rest }: Record<string, unknown>): object {
  return { command, args, env, apiVersion, ...rest }
}

const getContexts: KubectlCommand = {
  name: 'get-contexts',
  usage: '[(-o|--output=)name)] [options]',
  short: 'Describe one or many contexts',
  flags: [
    { name: 'no-headers', type: 'boolean', description: "When using the default output format, don't print headers." },
    { name: 'output', short: 'o', type: 'string', description: 'Output format. One of: (name).' },
  ],
  async run({ args }, ctx) {
    const output = ctx.flags.string('output') ?? ''
    if (output !== '' && output !== 'name') {
      throw new KubectlError(
        `--output ${output} is not available in kubectl config get-contexts; resetting to default output format`,
      )
    }
    const { contexts, currentContext } = ctx.kubeconfig()
    const names = args.length === 0 ? [...contexts.keys()] : args.filter((name) => contexts.has(name))
    const rows = names.toSorted().map((name) => {
      const { cluster = '', user = '', namespace = '' } = contexts.get(name) ?? {}
      return output === 'name' ? [name] : [name === currentContext ? '*' : ' ', name, cluster, user, namespace]
    })
    const headers = [['CURRENT', 'NAME', 'CLUSTER', 'AUTHINFO', 'NAMESPACE']]
    ctx.out(alignRows([...(output === 'name' || ctx.flags.boolean('no-headers') ? [] : headers), ...rows]))
    throwCollected(
      args.filter((name) => !contexts.has(name)).map((name) => new KubectlError(`context ${name} not found`)),
    )
    return 0
  },
}

const currentContext: KubectlCommand = {
  name: 'current-context',
  usage: '[flags] [options]',
  short: 'Display the current-context',
  flags: [],
  async run(_invocation, ctx) {
    const name = ctx.kubeconfig().currentContext
    if (name === '') throw new KubectlError('current-context is not set')
    ctx.out(`${name}\n`)
    return 0
  },
}

const useContext: KubectlCommand = {
  name: 'use-context',
  aliases: ['use'],
  usage: 'CONTEXT_NAME [options]',
  short: 'Set the current-context in a kubeconfig file',
  flags: [],
  async run(invocation, ctx) {
    const [name = ''] = exactly(1, invocation)
    if (name === '') throw new KubectlError('empty context names are not allowed')
    if (!ctx.kubeconfig().contexts.has(name)) {
      throw new KubectlError(`no context exists with the name: ${JSON.stringify(name)}`)
    }
    setCurrentContext(ctx, name)
    ctx.out(`Switched to context ${JSON.stringify(name)}.\n`)
    return 0
  },
}

const renameContext: KubectlCommand = {
  name: 'rename-context',
  usage: 'CONTEXT_NAME NEW_NAME [options]',
  short: 'Rename a context from the kubeconfig file',
  flags: [],
  async run(invocation, ctx) {
    const [name = '', next = ''] = exactly(2, invocation)
    if (next === '') throw new KubectlError('You must specify a new non-empty context name')
    const config = ctx.kubeconfig()
    const file = fileOf(ctx)
    const context = config.contexts.get(name)
    if (!context) throw new KubectlError(`cannot rename the context ${JSON.stringify(name)}, it's not in ${file}`)
    if (config.contexts.has(next)) {
      throw new KubectlError(
        `cannot rename the context ${JSON.stringify(name)}, the context ${JSON.stringify(next)} already exists in ${file}`,
      )
    }
    setEntry(ctx, 'contexts', next, context)
    setEntry(ctx, 'contexts', name, undefined)
    if (config.currentContext === name) setCurrentContext(ctx, next)
    ctx.out(`Context ${JSON.stringify(name)} renamed to ${JSON.stringify(next)}.\n`)
    return 0
  },
}

/** The arguments when there are `count` of them. Throws HelpError. */
function exactly(count: number, { args }: Invocation): readonly string[] {
  if (args.length === count) return args
  throw new HelpError(`Unexpected args: [${args.join(' ')}]`)
}

/** The file that messages name. */
function fileOf(ctx: KubectlContext): string {
  return ctx.flags.string('kubeconfig') || defaultFile(ctx.kubeconfigSource)
}

function lister(name: string, list: EntryList, short: string): KubectlCommand {
  return {
    name,
    usage: '[flags] [options]',
    short,
    flags: [],
    async run(_invocation, ctx) {
      ctx.out(['NAME', ...[...ctx.kubeconfig()[list].keys()].sort()].map((line) => `${line}\n`).join(''))
      return 0
    },
  }
}

function remover(what: 'cluster' | 'context' | 'user', list: EntryList): KubectlCommand {
  return {
    name: `delete-${what}`,
    usage: 'NAME [options]',
    short: `Delete the specified ${what} from the kubeconfig`,
    flags: [],
    async run(invocation, ctx) {
      const [name] = invocation.args
      if (name === undefined || invocation.args.length !== 1) {
        if (what === 'user') {
          throw new KubectlError(`user to delete is required\nSee '${invocation.path} -h' for help and examples`)
        }
        const { helpText } = await import('../help.ts')
        ctx.out(helpText(remover(what, list), invocation.path))
        return 0
      }
      const config = ctx.kubeconfig()
      const file = fileOf(ctx)
      if (!config[list].has(name)) throw new KubectlError(`cannot delete ${what} ${name}, not in ${file}`)
      if (what === 'context' && config.currentContext === name) {
        ctx.err(
          'warning: this removed your active context, use "kubectl config use-context" to select a different one\n',
        )
      }
      setEntry(ctx, list, name, undefined)
      ctx.out(`deleted ${what} ${name} from ${file}\n`)
      return 0
    },
  }
}

export const config: KubectlCommand = {
  name: 'config',
  usage: 'SUBCOMMAND [options]',
  short: 'Modify kubeconfig files',
  long: `Modify kubeconfig files using subcommands like "kubectl config set current-context my-context".

 The loading order follows these rules:

  1.  If the --kubeconfig flag is set, then only that file is loaded. The flag may only be set once and no merging takes place.
  2.  If $KUBECONFIG environment variable is set, then it is used as a list of paths (normal path delimiting rules for your system). These paths are merged. When a value is modified, it is modified in the file that defines the stanza. When a value is created, it is created in the first file that exists. If no files in the chain exist, then it creates the last file in the list.
  3.  Otherwise, $HOME/.kube/config is used and no merging takes place.
`,
  flags: [],
  children: [
    currentContext,
    remover('cluster', 'clusters'),
    remover('context', 'contexts'),
    remover('user', 'users'),
    lister('get-clusters', 'clusters', 'Display clusters defined in the kubeconfig'),
    getContexts,
    lister('get-users', 'users', 'Display users defined in the kubeconfig'),
    renameContext,
    setProperty,
    setCluster,
    setContext,
    setCredentials,
    unsetProperty,
    useContext,
    view,
  ],
}
