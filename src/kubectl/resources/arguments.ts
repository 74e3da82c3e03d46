// `TYPE NAME…`, `TYPE/NAME…`, `rc,svc`: what the arguments of a command name, before the server is asked.
// Model: ResourceTypeOrNameArgs in k8s.io/cli-runtime/pkg/resource/builder.go.

import { KubectlError } from '../errors.ts'

export interface ResourceTuple {
  readonly resource: string
  readonly name: string
}

/** Either tuples (`pod/a svc/b`) or types with names (`pods a b`). */
export interface ResourceArguments {
  readonly tuples: readonly ResourceTuple[]
  readonly types: readonly string[]
  readonly names: readonly string[]
}

/** Reads arguments. Throws KubectlError in kubectl's words; `program` stands in its advice. */
export function readArguments(words: readonly string[], program = 'kubectl'): ResourceArguments {
  const args = spread(words)
  const slashes = args.filter((a) => a.includes('/')).length
  if (slashes > 0 && slashes !== args.length) {
    throw new KubectlError(
      `there is no need to specify a resource type as a separate argument when passing arguments in resource/name form (e.g. '${program} get resource/<resource_name>' instead of '${program} get resource resource/<resource_name>'`,
    )
  }
  if (slashes > 0) return { tuples: args.map(splitTuple), types: [], names: [] }
  const [types, ...names] = args
  return { tuples: [], types: types === undefined ? [] : splitTypes(types), names }
}

/** `a,b` without repetitions. */
function splitTypes(argument: string): string[] {
  return [...new Set(argument.split(','))]
}

/** `rc,svc x` means `rc/x svc/x`. */
function spread(words: readonly string[]): readonly string[] {
  const [first, ...names] = words
  if (first === undefined || names.length === 0 || first.includes('/')) return words
  const types = splitTypes(first)
  return types.length > 1 ? types.flatMap((type) => names.map((name) => `${type}/${name}`)) : words
}

function splitTuple(text: string): ResourceTuple {
  const parts = text.split('/')
  if (parts.length !== 2) throw new KubectlError('arguments in resource/name form may not have more than one slash')
  const [resource = '', name = ''] = parts
  if (resource === '' || name === '' || splitTypes(resource).length !== 1) {
    throw new KubectlError('arguments in resource/name form must have a single resource and name')
  }
  return { resource, name }
}
