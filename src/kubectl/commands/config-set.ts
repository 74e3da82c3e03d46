// kubectl config set, unset, set-cluster, set-context, set-credentials.

import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import type { ExecConfig } from '../../client/exec-plugin.ts'
import type { Invocation, KubectlCommand, KubectlContext } from '../command.ts'
import { setCurrentContext, setEntry } from '../config/edit.ts'
import type { ClusterEntry, ContextEntry, UserEntry } from '../config/kubeconfig.ts'
import { parseProperty, parseValue } from '../config/property.ts'
import { HelpError, KubectlError } from '../errors.ts'
import type { Flag } from '../flags.ts'

const text = (name: string, what: string): Flag => ({
  name,
  type: 'string',
  description: `${name} for the ${what} entry in kubeconfig`,
})
const embedFlag = (what: string): Flag => ({
  name: 'embed-certs',
  type: 'boolean',
  description: `embed-certs for the ${what} entry in kubeconfig`,
})

function unexpected({ args }: Invocation): HelpError {
  return new HelpError(`Unexpected args: [${args.join(' ')}]`)
}

/** The fields without those that are empty. */
function withoutEmpty<T extends Record<string, unknown>>(entry: T): T {
  return Object.fromEntries(Object.entries(entry).filter(([, v]) => v !== undefined && v !== '' && v !== false)) as T
}

export const setProperty: KubectlCommand = {
  name: 'set',
  usage: 'PROPERTY_NAME PROPERTY_VALUE [options]',
  short: 'Set an individual value in a kubeconfig file',
  flags: [
    {
      name: 'set-raw-bytes',
      type: 'boolean',
      description: 'When writing a []byte PROPERTY_VALUE, write the given string directly without base64 decoding.',
    },
  ],
  async run(invocation, ctx) {
    const [path, value] = invocation.args
    if (path === undefined || value === undefined || invocation.args.length !== 2) throw unexpected(invocation)
    if (value === '') throw new KubectlError('you cannot use set to unset a property')
    if (path === '') throw new KubectlError('you must specify a property')
    const property = parseProperty(path)
    switch (property.kind) {
      case 'current-context':
        setCurrentContext(ctx, value)
        break
      case 'list':
      case 'entry':
        throw new KubectlError(`can't set a map to a value: ${path}`)
      case 'field': {
        const { list, name, field } = property
        const entry = ctx.kubeconfig()[list].get(name) ?? {}
        setEntry(ctx, list, name, {
          ...entry,
          [field]: parseValue(list, field, value, ctx.flags.boolean('set-raw-bytes')),
        })
      }
    }
    ctx.out(`Property ${JSON.stringify(path)} set.\n`)
    return 0
  },
}

export const unsetProperty: KubectlCommand = {
  name: 'unset',
  usage: 'PROPERTY_NAME [options]',
  short: 'Unset an individual value in a kubeconfig file',
  flags: [],
  async run(invocation, ctx) {
    const [path] = invocation.args
    if (path === undefined || invocation.args.length !== 1) throw unexpected(invocation)
    if (path === '') throw new KubectlError('you must specify a property')
    const property = parseProperty(path)
    switch (property.kind) {
      case 'current-context':
        setCurrentContext(ctx, '')
        break
      case 'list':
        for (const name of ctx.kubeconfig()[property.list].keys()) setEntry(ctx, property.list, name, undefined)
        break
      case 'entry':
        setEntry(ctx, property.list, property.name, undefined)
        break
      case 'field': {
        const { list, name, field } = property
        const entry = ctx.kubeconfig()[list].get(name)
        if (!entry) throw new KubectlError(`current map key \`${name}\` is invalid`)
        const { [field]: _, ...rest } = entry as Record<string, unknown>
        setEntry(ctx, list, name, rest)
      }
    }
    ctx.out(`Property ${JSON.stringify(path)} unset.\n`)
    return 0
  },
}

export const setCluster: KubectlCommand = {
  name: 'set-cluster',
  usage:
    'NAME [--server=server] [--certificate-authority=path/to/certificate/authority] [--insecure-skip-tls-verify=true] [--tls-server-name=example.com] [options]',
  short: 'Set a cluster entry in kubeconfig',
  flags: [
    text('server', 'cluster'),
    text('tls-server-name', 'cluster'),
    { ...text('insecure-skip-tls-verify', 'cluster'), type: 'boolean' },
    text('certificate-authority', 'cluster'),
    embedFlag('cluster'),
    text('proxy-url', 'cluster'),
  ],
  async run(invocation, ctx) {
    const [name] = invocation.args
    if (name === undefined || invocation.args.length !== 1) throw unexpected(invocation)
    if (name === '') throw new KubectlError('you must specify a non-empty cluster name')
    const entry = ctx.kubeconfig().clusters.get(name) ?? { server: '' }
    setEntry(ctx, 'clusters', name, changedCluster(entry, ctx))
    ctx.out(`Cluster ${JSON.stringify(name)} set.\n`)
    return 0
  },
}

function changedCluster(entry: ClusterEntry, ctx: KubectlContext): ClusterEntry {
  const { flags } = ctx
  const ca = flags.string('certificate-authority') ?? ''
  if (flags.boolean('insecure-skip-tls-verify') && ca !== '') {
    throw new KubectlError('you cannot specify a certificate authority and insecure mode at the same time')
  }
  const changed: Record<string, unknown> = { ...entry }
  if (flags.changed('server')) {
    changed.server = flags.string('server')
    delete changed['tls-server-name']
  }
  if (flags.changed('tls-server-name')) changed['tls-server-name'] = flags.string('tls-server-name')
  // As upstream: an insecure cluster stays so only while each call says it.
  const insecure = flags.boolean('insecure-skip-tls-verify')
  changed['insecure-skip-tls-verify'] = insecure
  if (insecure) {
    delete changed['certificate-authority']
    delete changed['certificate-authority-data']
  }
  if (flags.boolean('embed-certs') && ca === '') {
    throw new KubectlError('you must specify a --certificate-authority to embed')
  }
  if (flags.changed('certificate-authority')) {
    setFile(changed, { key: 'certificate-authority', path: ca, embed: flags.boolean('embed-certs') }, ctx)
    if (ca !== '') delete changed['insecure-skip-tls-verify']
  }
  if (flags.changed('proxy-url')) changed['proxy-url'] = flags.string('proxy-url')
  return { ...withoutEmpty(changed), server: String(changed.server ?? '') }
}

/** A certificate or key, as a path or as its content. */
function setFile(
  entry: Record<string, unknown>,
  { key, path, embed }: { key: string; path: string; embed: boolean },
  ctx: KubectlContext,
): void {
  const file = path === '' ? '' : resolve(ctx.cwd, path)
  if (!embed) {
    entry[key] = file
    if (file !== '') delete entry[`${key}-data`]
    return
  }
  if (!existsSync(file)) {
    throw new KubectlError(`could not stat ${key} file ${path}: stat ${path}: no such file or directory`)
  }
  entry[`${key}-data`] = readFileSync(file).toString('base64')
  delete entry[key]
}

export const setContext: KubectlCommand = {
  name: 'set-context',
  usage: '[NAME | --current] [--cluster=cluster_nickname] [--user=user_nickname] [--namespace=namespace] [options]',
  short: 'Set a context entry in kubeconfig',
  flags: [
    { name: 'current', type: 'boolean', description: 'Modify the current context' },
    text('cluster', 'context'),
    text('user', 'context'),
    { ...text('namespace', 'context'), short: 'n' },
  ],
  async run(invocation, ctx) {
    const { flags } = ctx
    const { args } = invocation
    if (args.length > 1) throw unexpected(invocation)
    const current = flags.boolean('current')
    if (!args[0] && !current) {
      throw new KubectlError('you must specify a non-empty context name or --current')
    }
    if (args[0] && current) throw new KubectlError('you cannot specify both a context name and --current')
    const config = ctx.kubeconfig()
    const name = current ? config.currentContext : (args[0] ?? '')
    if (name === '') throw new KubectlError('no current context is set')
    const entry = config.contexts.get(name)
    const changed: ContextEntry = { cluster: '', user: '', ...entry }
    for (const key of ['cluster', 'user', 'namespace'] as const) {
      if (flags.changed(key)) changed[key] = flags.string(key) ?? ''
    }
    if (changed.namespace === '') delete changed.namespace
    setEntry(ctx, 'contexts', name, changed)
    ctx.out(`Context ${JSON.stringify(name)} ${entry ? 'modified' : 'created'}.\n`)
    return 0
  },
}

export const setCredentials: KubectlCommand = {
  name: 'set-credentials',
  usage:
    'NAME [--client-certificate=path/to/certfile] [--client-key=path/to/keyfile] [--token=bearer_token] [--username=basic_user] [--password=basic_password] [--exec-command=exec_command] [--exec-api-version=exec_api_version] [--exec-arg=arg] [--exec-env=key=value] [options]',
  short: 'Set a user entry in kubeconfig',
  flags: [
    text('client-certificate', 'user'),
    text('client-key', 'user'),
    text('token', 'user'),
    text('username', 'user'),
    text('password', 'user'),
    embedFlag('user'),
    { name: 'exec-command', type: 'string', description: 'Command for the exec credential plugin' },
    { name: 'exec-api-version', type: 'string', description: 'API version of the exec credential plugin' },
    { name: 'exec-interactive-mode', type: 'string', description: 'InteractiveMode of the exec credentials plugin' },
    {
      name: 'exec-provide-cluster-info',
      type: 'boolean',
      description: 'ProvideClusterInfo of the exec credentials plugin',
    },
    { name: 'exec-arg', type: 'slice', description: 'New arguments for the exec credential plugin command' },
    {
      name: 'exec-env',
      type: 'strings',
      description: "'key=value' environment values for the exec credential plugin",
    },
  ],
  async run(invocation, ctx) {
    const [name] = invocation.args
    if (name === undefined || invocation.args.length !== 1) {
      throw new HelpError(`unexpected args: [${invocation.args.join(' ')}]`)
    }
    if (name === '') throw new KubectlError('you must specify a non-empty user name')
    const entry = ctx.kubeconfig().users.get(name) ?? {}
    setEntry(ctx, 'users', name, changedUser(entry, ctx))
    ctx.out(`User ${JSON.stringify(name)} set.\n`)
    return 0
  },
}

function changedUser(entry: UserEntry, ctx: KubectlContext): UserEntry {
  const { flags } = ctx
  const token = flags.string('token') ?? ''
  const basic = (flags.string('username') ?? '') !== '' || (flags.string('password') ?? '') !== ''
  if (token !== '' && basic) {
    throw new KubectlError(
      'you cannot specify more than one authentication method at the same time: --token, --username/--password',
    )
  }
  const embed = flags.boolean('embed-certs')
  if (embed && !flags.string('client-certificate') && !flags.string('client-key')) {
    throw new KubectlError('you must specify a --client-certificate or --client-key to embed')
  }
  const changed: Record<string, unknown> = { ...entry }
  for (const key of ['client-certificate', 'client-key']) {
    if (flags.changed(key)) setFile(changed, { key, path: flags.string(key) ?? '', embed }, ctx)
  }
  for (const key of ['token', 'username', 'password']) {
    if (flags.changed(key)) changed[key] = flags.string(key)
  }
  if (token !== '') {
    delete changed.username
    delete changed.password
  }
  if (basic) delete changed.token
  const exec = changedExec(entry.exec, ctx)
  return { ...withoutEmpty(changed), ...(exec ? { exec } : {}) }
}

function changedExec(entry: ExecConfig | undefined, { flags }: KubectlContext): ExecConfig | undefined {
  const command = flags.string('exec-command')
  const start = command === undefined ? entry : { ...entry, command, args: null }
  if (!start) return undefined
  const mode = flags.string('exec-interactive-mode')
  if (mode !== undefined && !['IfAvailable', 'Never', 'Always'].includes(mode)) {
    throw new KubectlError('invalid interactive mode type, can be only IfAvailable, Never, Always')
  }
  const given = flags.strings('exec-env').map((pair) => pair.split(/=(.*)/s))
  const env = new Map((start.env ?? []).map((e) => [e.name, e.value]))
  for (const [name = '', value] of given) {
    if (name.endsWith('-') && value === undefined) env.delete(name.slice(0, -1))
    else env.set(name, value ?? '')
  }
  const args = flags.strings('exec-arg')
  const interactiveMode = mode ?? start.interactiveMode
  return {
    command: start.command ?? '',
    args: args.length > 0 ? [...args] : (start.args ?? null),
    env: env.size > 0 ? [...env].map(([name, value]) => ({ name, value })) : null,
    apiVersion: flags.string('exec-api-version') ?? start.apiVersion ?? '',
    provideClusterInfo: flags.changed('exec-provide-cluster-info')
      ? flags.boolean('exec-provide-cluster-info')
      : (start.provideClusterInfo ?? false),
    ...(interactiveMode === undefined ? {} : { interactiveMode }),
  }
}
