// -o and its relatives: which printer a command uses.
// Model: k8s.io/cli-runtime/pkg/genericclioptions and k8s.io/kubectl/pkg/cmd/get/get_flags.go.

import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { toYaml } from '../../machinery/yaml-writer.ts'
import type { KubectlContext } from '../command.ts'
import { KubectlError, plainMessage } from '../errors.ts'
import type { Flag, ParsedFlags } from '../flags.ts'
import { itemsOf, type KubeObject, objectName } from '../object.ts'
import { goTemplateFailure, jsonPathFailure } from '../template/failure.ts'
import { toJson } from './json.ts'
import { toKyaml } from './kyaml.ts'

/** Prints one object (or list); gives the text. */
export type ObjectPrinter = (object: KubeObject) => string

const TEMPLATES = [
  'go-template',
  'go-template-file',
  'jsonpath',
  'jsonpath-as-json',
  'jsonpath-file',
  'template',
  'templatefile',
]
/** What commands other than get take for -o. */
export const OBJECT_FORMATS: readonly string[] = ['json', 'yaml', 'kyaml', 'name', ...TEMPLATES]

/** `-o`, `--template`, `--allow-missing-template-keys`, `--show-managed-fields`. */
export function printFlags(formats: readonly string[] = OBJECT_FORMATS): Flag[] {
  return [
    {
      name: 'output',
      short: 'o',
      type: 'string',
      description: `Output format. One of: (${[...formats].join(', ')}).`,
    },
    {
      name: 'template',
      type: 'string',
      description:
        'Template string or path to template file to use when -o=go-template, -o=go-template-file. The template format is golang templates [http://golang.org/pkg/text/template/#pkg-overview].',
    },
    {
      name: 'allow-missing-template-keys',
      type: 'boolean',
      fallback: 'true',
      description:
        'If true, ignore any errors in templates when a field or map key is missing in the template. Only applies to golang and jsonpath output formats.',
    },
    {
      name: 'show-managed-fields',
      type: 'boolean',
      description: 'If true, keep the managedFields when printing objects in JSON or YAML format.',
    },
  ]
}

/** The printer that the flags ask for; undefined when they ask for none (`-o` empty and no template). Throws KubectlError. */
export async function printerOf(
  ctx: KubectlContext,
  options: { readonly formats?: readonly string[]; readonly operation?: string } = {},
): Promise<ObjectPrinter | undefined> {
  const output = ctx.flags.string('output') ?? ''
  const template = ctx.flags.string('template') ?? ''
  const format = output === '' && template !== '' ? 'go-template' : output
  if (format === '') return undefined
  const printer =
    (await templatePrinter(ctx, format, template)) ??
    structuredPrinter(format, ctx.flags) ??
    namePrinter(format, options.operation)
  if (printer) return printer
  throw unknownFormat(format, options.formats ?? OBJECT_FORMATS)
}

/** What kubectl says of a format it does not have. */
export function unknownFormat(format: string, formats: readonly string[]): KubectlError {
  return new KubectlError(
    `unable to match a printer suitable for the output format ${JSON.stringify(format)}, allowed formats are: ${[...formats].sort().join(',')}`,
  )
}

/** json, yaml and kyaml. */
function structuredPrinter(format: string, flags: ParsedFlags): ObjectPrinter | undefined {
  const keep = flags.boolean('show-managed-fields')
  const shown = (object: KubeObject) => (keep ? object : withoutManagedFields(object))
  switch (format.toLowerCase()) {
    case 'json':
      return (object) => toJson(shown(object))
    case 'yaml': {
      let first = true
      return (object) => {
        const mark = first ? '' : '---\n'
        first = false
        return mark + toYaml(shown(object))
      }
    }
    case 'kyaml':
      return (object) => toKyaml(shown(object))
    default:
      return undefined
  }
}

/** `-o name`; with an operation, the message of success: `pod/web created`. */
export function namePrinter(format: string, operation?: string): ObjectPrinter | undefined {
  if (format !== 'name' && format !== '') return undefined
  const done = format === '' && operation ? ` ${operation}` : ''
  return (object) => (itemsOf(object) ?? [object]).map((item) => `${objectName(item)}${done}\n`).join('')
}

/** The object without the bookkeeping of field owners. */
export function withoutManagedFields(object: KubeObject): KubeObject {
  const items = itemsOf(object)
  if (items) return { ...object, items: items.map(withoutManagedFields) }
  if (object.metadata?.managedFields === undefined) return object
  const { managedFields: _, ...metadata } = object.metadata
  return { ...object, metadata }
}

async function templatePrinter(
  ctx: KubectlContext,
  format: string,
  argument: string,
): Promise<ObjectPrinter | undefined> {
  const split = splitFormat(format)
  if (!split) return undefined
  const [kind, inline] = split
  const template = inline === '' ? argument : inline
  if (template === '') {
    throw new KubectlError(`template format specified but no template given`)
  }
  const text = kind.endsWith('file') ? readTemplate(resolve(ctx.cwd, template), template) : template
  if (kind.startsWith('jsonpath')) return jsonPathPrinter(ctx, kind, text)
  return goTemplatePrinter(ctx, text)
}

async function goTemplatePrinter(ctx: KubectlContext, text: string): Promise<ObjectPrinter> {
  const { parseGoTemplate, TemplateRunError } = await import('../template/go-template.ts')
  const print = parseWith('template', text, () => parseGoTemplate(text))
  return (object) => {
    try {
      return print(object)
    } catch (error) {
      if (!(error instanceof TemplateRunError)) throw error
      const failed = goTemplateFailure({ template: text, message: error.message, data: object })
      ctx.out(failed.output)
      throw new KubectlError(failed.error, { cause: error })
    }
  }
}

async function jsonPathPrinter(ctx: KubectlContext, kind: string, text: string): Promise<ObjectPrinter> {
  const { JsonPathError, parseJsonPath } = await import('../template/jsonpath.ts')
  const options = {
    allowMissingKeys: ctx.flags.boolean('allow-missing-template-keys'),
    asJson: kind === 'jsonpath-as-json',
  }
  const print = parseWith('jsonpath', text, () => parseJsonPath(text))
  return (object) => {
    try {
      return print(object, options)
    } catch (error) {
      if (!(error instanceof JsonPathError)) throw error
      throw new KubectlError(jsonPathFailure({ template: text, message: error.message, data: object }), {
        cause: error,
      })
    }
  }
}

function parseWith<T>(what: string, text: string, parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    throw new KubectlError(`error parsing ${what} ${text}, ${plainMessage(error)}`, { cause: error })
  }
}

function splitFormat(format: string): [kind: string, inline: string] | undefined {
  const equals = format.indexOf('=')
  const kind = equals < 0 ? format : format.slice(0, equals)
  if (!TEMPLATES.includes(kind)) return undefined
  return [kind, equals < 0 ? '' : format.slice(equals + 1)]
}

/** Text of a template file. Throws KubectlError. */
export function readTemplate(file: string, shown: string, what = '--template'): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new KubectlError(`error reading ${what} ${shown}, open ${shown}: no such file or directory\n`, {
      cause: error,
    })
  }
}
