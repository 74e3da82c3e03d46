// Keys and values of config maps and secrets: --from-literal, --from-file, --from-env-file.
// Model: k8s.io/kubectl/pkg/cmd/create/create_configmap.go and pkg/util/{util,env_file}.go.

import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { configMapKeyProblem, envVarNameProblem } from '../../machinery/names.ts'
import { KubectlError } from '../errors.ts'
import type { Flag } from '../flags.ts'

export const sourceFlags = (what: string): readonly Flag[] => [
  {
    name: 'from-file',
    type: 'slice',
    description: `Key file can be specified using its file path, in which case file basename will be used as ${what} key, or optionally with a key and file path, in which case the given key will be used.  Specifying a directory will iterate each named file in the directory whose basename is a valid ${what} key.`,
  },
  {
    name: 'from-literal',
    type: 'strings',
    description: `Specify a key and literal value to insert in ${what} (i.e. mykey=somevalue)`,
  },
  {
    name: 'from-env-file',
    type: 'slice',
    description: `Specify the path to a file to read lines of key=val pairs to create a ${what}.`,
  },
]

export interface Sources {
  readonly files: readonly string[]
  readonly literals: readonly string[]
  readonly envFiles: readonly string[]
}

export interface Place {
  readonly cwd: string
  readonly env: NodeJS.ProcessEnv
}

/** Reads all sources, in the order in which they are told. Throws KubectlError. */
export function readSources(sources: Sources, place: Place): Map<string, Buffer> {
  const values = new Map<string, Buffer>()
  const add = (key: string, value: Buffer) => {
    const problem = configMapKeyProblem(key)
    if (problem !== undefined) throw new KubectlError(`${JSON.stringify(key)} is not a valid key name: ${problem}`)
    if (values.has(key)) {
      throw new KubectlError(`cannot add key ${JSON.stringify(key)}, another key by that name already exists`)
    }
    values.set(key, value)
  }
  for (const literal of sources.literals) addLiteral(literal, add)
  for (const file of sources.files) addFile(file, place.cwd, add)
  for (const file of sources.envFiles) addEnvFile(file, place, add)
  return values
}

type Add = (key: string, value: Buffer) => void

function addLiteral(text: string, add: Add): void {
  const equals = text.indexOf('=')
  if (equals === 0) throw new KubectlError(`invalid literal source ${text}, expected key=value`)
  if (equals < 0) throw new KubectlError(`invalid literal source ${text}, expected key=value`)
  const value = text.slice(equals + 1)
  const quoted = /^(["'])([\s\S]*)\1$/.exec(value)
  add(text.slice(0, equals), Buffer.from(quoted ? (quoted[2] ?? '') : value))
}

function addFile(text: string, cwd: string, add: Add): void {
  const parts = text.split('=')
  if (parts.length > 2) {
    throw new KubectlError(`key names or file paths cannot contain '='`)
  }
  const [key, path = ''] = parts.length === 2 ? parts : [undefined, parts[0]]
  if (key === '') throw new KubectlError(`key name for file path ${path} missing`)
  if (path === '') throw new KubectlError(`file path for key name ${key} missing`)
  const absolute = resolve(cwd, path)
  if (!existsSync(absolute)) throw new KubectlError(`error reading ${path}: no such file or directory`)
  if (!statSync(absolute).isDirectory()) return add(key ?? basename(path), readFileSync(absolute))
  if (key !== undefined) throw new KubectlError('cannot give a key name for a directory path')
  for (const name of readdirSync(absolute).sort()) {
    const file = join(absolute, name)
    if (statSync(file).isFile() && configMapKeyProblem(name) === undefined) add(name, readFileSync(file))
  }
}

function addEnvFile(path: string, { cwd, env }: Place, add: Add): void {
  const absolute = resolve(cwd, path)
  if (!existsSync(absolute)) throw new KubectlError(`error reading ${path}: no such file or directory`)
  if (statSync(absolute).isDirectory()) throw new KubectlError('env config file cannot be a directory')
  const lines = readFileSync(absolute, 'utf8')
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
  for (const line of lines) {
    const text = line.trimStart()
    if (text === '' || text.startsWith('#')) continue
    const equals = text.indexOf('=')
    const key = equals < 0 ? text : text.slice(0, equals)
    const problem = envVarNameProblem(key)
    if (problem !== undefined) throw new KubectlError(`${JSON.stringify(key)} is not a valid key name: ${problem}`)
    // A name alone takes its value from the environment.
    const value = equals < 0 ? env[key] : text.slice(equals + 1)
    if (value !== undefined) add(key, Buffer.from(value))
  }
}

/** Whether the bytes are text that a config map can hold as such. */
function isText(bytes: Buffer): boolean {
  return Buffer.from(bytes.toString('utf8')).equals(bytes)
}

/** `data` and `binaryData` of a config map. */
export function configMapData(values: ReadonlyMap<string, Buffer>): {
  data?: Record<string, string>
  binaryData?: Record<string, string>
} {
  const entries = [...values].sort(([a], [b]) => (a < b ? -1 : 1))
  const text = entries.filter(([, v]) => isText(v)).map(([k, v]) => [k, v.toString()] as const)
  const binary = entries.filter(([, v]) => !isText(v)).map(([k, v]) => [k, v.toString('base64')] as const)
  return {
    ...(binary.length > 0 ? { binaryData: Object.fromEntries(binary) } : {}),
    ...(text.length > 0 ? { data: Object.fromEntries(text) } : {}),
  }
}

/** `data` of a secret. */
export function secretData(values: ReadonlyMap<string, Buffer>): { data?: Record<string, string> } {
  if (values.size === 0) return {}
  const entries = [...values].sort(([a], [b]) => (a < b ? -1 : 1))
  return { data: Object.fromEntries(entries.map(([k, v]) => [k, v.toString('base64')])) }
}
