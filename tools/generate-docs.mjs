// Collects the prose of the API from the type definitions of @kubernetes/client-node into dist/api-docs.json.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = join(dirname(fileURLToPath(import.meta.url)), '..')
const models = join(root, 'node_modules/@kubernetes/client-node/dist/gen/models')
const facts = JSON.parse(readFileSync(join(root, 'src/api/facts-v1.36.json'), 'utf8'))

const clean = (comment) =>
  comment
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, ''))
    .join('\n')
    .replace(/\\(["'`\\])/g, '$1')
    .trim()

/** Prose of one class: of itself and of its properties. */
function readModel(text) {
  const fields = {}
  let description
  const pattern = /\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*(export declare class|'[^']+'\??:)/g
  for (const [, comment, what] of text.matchAll(pattern)) {
    if (what.startsWith('export')) description = clean(comment)
    else fields[what.slice(1, what.lastIndexOf("'"))] = clean(comment)
  }
  return { description, fields, names: [...text.matchAll(/^ {4}'([^']+)'\??:/gm)].map((m) => m[1]) }
}

const byModel = new Map(
  readdirSync(models)
    .filter((name) => name.endsWith('.d.ts'))
    .map((name) => [name.slice(0, -5), readModel(readFileSync(join(models, name), 'utf8'))]),
)

const capital = (word) => word.charAt(0).toUpperCase() + word.slice(1)
const out = {}
for (const [ref, type] of Object.entries(facts.types)) {
  const parts = ref.split('.')
  const [group, version, kind] = parts.slice(-3)
  // Names that several groups share carry the group in front.
  const model =
    byModel.get(capital(group) + capital(version) + kind) ?? byModel.get(capital(version) + kind) ?? byModel.get(kind)
  if (!model) continue
  const known = Object.keys(type.fields ?? {})
  const fits = known.filter((name) => model.names.includes(name)).length >= known.length / 2
  if (!fits) continue
  out[ref] = {
    ...(model.description && !model.description.startsWith('Kubernetes\nNo description')
      ? { description: model.description }
      : {}),
    fields: Object.fromEntries(Object.entries(model.fields).filter(([name]) => known.includes(name))),
  }
}
mkdirSync(join(root, 'dist'), { recursive: true })
writeFileSync(join(root, 'dist/api-docs.json'), JSON.stringify(out))
