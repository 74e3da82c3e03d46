// Turns the table of API facts into the project's types, resource references and schema text.
// Usage: node tools/generate-api.mjs [--check]   (--check fails when the committed output is stale)
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const apiDir = join(dirname(fileURLToPath(import.meta.url)), '../src/api')
const outDir = join(apiDir, 'generated')
const facts = JSON.parse(readFileSync(join(apiDir, 'facts-v1.36.json'), 'utf8'))
// Per type: scalar fields that tell absent from zero (`nullable`); what Go writes of fields that are not set: scalars
// their zero (`always`), structs held by value what is in them (`struct`), all else null (`null`).
const presence = JSON.parse(readFileSync(join(apiDir, 'facts-presence-v1.36.json'), 'utf8'))
// Per type: the values that fields may have (`enum`, of what lists and maps hold too), what they are when nobody says
// (`default`, where that is no zero), and which fields are choices of one another (`unions`).
const values = JSON.parse(readFileSync(join(apiDir, 'facts-values-v1.36.json'), 'utf8'))

const META = 'io.k8s.apimachinery.pkg.apis.meta.v1.'
const SCALARS = {
  'io.k8s.apimachinery.pkg.api.resource.Quantity': 'string',
  [`${META}Time`]: 'string',
  [`${META}MicroTime`]: 'string',
  [`${META}FieldsV1`]: 'Record<string, unknown>',
  [`${META}Patch`]: 'unknown',
  'io.k8s.apimachinery.pkg.runtime.RawExtension': 'unknown',
  'io.k8s.apimachinery.pkg.util.intstr.IntOrString': 'number | string',
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSON': 'unknown',
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrArray': 'unknown',
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrBool': 'unknown',
  'io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaPropsOrStringArray': 'unknown',
}

// `io.k8s.api.apps.v1.Deployment` lives in module `apps-v1` under the name `Deployment`.
function place(ref) {
  const parts = ref.split('.')
  const name = parts.pop()
  const version = parts.pop()
  const pkg = parts.pop()
  return { module: `${pkg}-${version}`, name }
}

const namespacedKinds = new Set(
  Object.values(facts.resources)
    .filter((r) => r.namespaced)
    .map((r) => r.kind),
)
const modules = new Map()
const moduleOf = (name) => {
  if (!modules.has(name)) modules.set(name, { imports: new Map(), lines: [] })
  return modules.get(name)
}

function tsType(field, mod, here) {
  if (field.ref) return refType(field.ref, mod, here)
  if (field.map) return `Record<string, ${tsType(field.map, mod, here)}>`
  if (field.items) {
    const inner = tsType(field.items, mod, here)
    return /[| ]/.test(inner) && !inner.startsWith('Record') ? `(${inner})[]` : `${inner}[]`
  }
  switch (field.type) {
    case 'string':
      return 'string'
    case 'boolean':
      return 'boolean'
    case 'integer':
    case 'number':
      return 'number'
    default:
      return 'unknown'
  }
}

function refType(ref, mod, here) {
  if (SCALARS[ref]) return SCALARS[ref]
  const { module, name } = place(ref)
  if (module !== here) {
    if (!mod.imports.has(module)) mod.imports.set(module, new Map())
    // The same bare name from another module is imported under an alias.
    const alias = facts.types[sameName(here, name)] ? `${camel(module)}${name}` : name
    mod.imports.get(module).set(name, alias)
    return alias
  }
  return name
}
const byPlace = new Map(Object.keys(facts.types).map((k) => [`${place(k).module}/${place(k).name}`, k]))
const sameName = (module, name) => byPlace.get(`${module}/${name}`) ?? ''
const camel = (s) => s.replace(/(^|-)(\w)/g, (_, __, c) => c.toUpperCase())
const key = (k) => (/^[A-Za-z_$][\w$]*$/.test(k) ? k : JSON.stringify(k))

for (const [ref, type] of Object.entries(facts.types)) {
  if (SCALARS[ref]) continue
  const { module, name } = place(ref)
  const mod = moduleOf(module)
  const required = new Set(type.required ?? [])
  const nulls = new Set(presence[ref]?.null ?? [])
  const isObject = type.gvk && type.fields?.metadata?.ref === `${META}ObjectMeta`
  const isList = type.gvk && type.fields?.metadata?.ref === `${META}ListMeta`
  const lines = []
  for (const [fname, field] of Object.entries(type.fields ?? {})) {
    let t = tsType(field, mod, module)
    let opt = required.has(fname) ? '' : '?'
    if (isObject || isList) {
      if (['apiVersion', 'kind', 'metadata', 'spec', 'status'].includes(fname)) opt = ''
      if (fname === 'metadata' && isObject && namespacedKinds.has(type.gvk[0])) {
        mod.imports.get('meta-v1')?.set('NamespacedObjectMeta', 'NamespacedObjectMeta')
        t = 'NamespacedObjectMeta'
      }
    } else if (field.ref === `${META}ObjectMeta`) {
      t = module === 'meta-v1' ? 'Partial<ObjectMeta>' : 'Partial<ObjectMeta>'
    }
    // What validation demands is there; anything else that Go writes as null is null where it is not set.
    if (nulls.has(fname) && opt === '?' && t !== 'unknown') t = `${t} | null`
    if (ref === `${META}ObjectMeta` && ['name', 'uid', 'resourceVersion', 'creationTimestamp'].includes(fname)) opt = ''
    lines.push(`  ${key(fname)}${opt}: ${t}`)
  }
  mod.lines.push(
    lines.length
      ? `export interface ${name} {\n${lines.join('\n')}\n}\n`
      : `export type ${name} = Record<string, never>\n`,
  )
}
moduleOf('meta-v1').lines.push(
  '/** The metadata of an object that lives in a namespace. */\nexport interface NamespacedObjectMeta extends ObjectMeta {\n  namespace: string\n}\n',
)

// A zero of a scalar field that means absent is marked, and what stands for a field that is not set.
for (const [ref, { nullable = [], always = [], struct = [], null: nulls = [] }] of Object.entries(presence)) {
  const type = facts.types[ref]
  const kept = new Set([...nullable, ...always, ...(type.required ?? [])])
  for (const [name, field] of Object.entries(type.fields ?? {})) {
    if (['string', 'integer', 'boolean', 'number'].includes(field.type) && !kept.has(name)) field.zeroIsAbsent = true
  }
  for (const name of always) type.fields[name].unset = 'zero'
  for (const name of struct) type.fields[name].unset = 'struct'
  for (const name of nulls) type.fields[name].unset = 'null'
}

const innermost = (field) => (field.items || field.map ? innermost(field.items ?? field.map) : field)
for (const [ref, { enum: enums = {}, default: defaults = {}, unions }] of Object.entries(values)) {
  const type = facts.types[ref]
  for (const [name, list] of Object.entries(enums)) innermost(type.fields[name]).enum = list
  for (const [name, value] of Object.entries(defaults)) type.fields[name].default = value
  if (unions) type.unions = unions
}

const header = '// Generated from facts-v1.36.json by tools/generate-api.mjs. Do not edit.\n'
const files = new Map()
for (const [name, mod] of modules) {
  const body = mod.lines.join('\n')
  const imports = [...mod.imports]
    .filter(([m]) => m !== name)
    .sort(([a], [b]) => a.localeCompare(b))
    .map(([m, names]) => {
      const used = [...names].filter(([, alias]) => new RegExp(`\\b${alias}\\b`).test(body))
      if (!used.length) return ''
      return `import type { ${used
        .map(([n, alias]) => (n === alias ? n : `${n} as ${alias}`))
        .sort()
        .join(', ')} } from './${m}.ts'\n`
    })
    .join('')
  files.set(`${name}.ts`, `${header}${imports}\n${body}`)
}

// Resource references: one constant per top-level resource, grouped by API group and version.
const groups = new Map()
for (const [path, r] of Object.entries(facts.resources)) {
  const [prefix, resource] = path.split(' ')
  if (resource.includes('/')) continue
  if (!r.actions.includes('get') || !r.actions.includes('post')) continue
  const [, , a, b] = prefix.split('/')
  const group = prefix.startsWith('/api/') ? '' : a
  const version = prefix.startsWith('/api/') ? a : b
  const kind = r.kind.split('/').pop()
  const ref = Object.keys(facts.types).find((k) => facts.types[k].gvk?.includes(r.kind) && place(k).name === kind)
  const gv = `${group.split('.')[0] || 'core'}-${version}`
  if (!groups.has(gv)) groups.set(gv, [])
  groups.get(gv).push({ resource, group, version, kind, namespaced: r.namespaced, place: place(ref) })
}
const stable = [...groups].filter(([gv]) => /-v\d+$/.test(gv))
let out = `${header}import { type ResourceRef, resourceRef } from '../resource-ref.ts'\n`
const importMap = new Map()
const consts = []
const constName = new Map()
for (const [gv, list] of stable) {
  for (const r of list) {
    let c = r.resource
    // A resource name that several groups or versions serve is qualified, the core or first one is not.
    if (constName.has(c)) c = `${c}${camel(gv.replace(/[^\w]/g, '-'))}`
    constName.set(c, gv)
    const alias = `${camel(r.place.module)}${r.place.name}`
    if (!importMap.has(r.place.module)) importMap.set(r.place.module, new Map())
    importMap.get(r.place.module).set(r.place.name, alias)
    consts.push(
      `export const ${c}: ResourceRef<${alias}> = resourceRef({ group: ${JSON.stringify(r.group)}, version: ${JSON.stringify(r.version)}, resource: ${JSON.stringify(r.resource)}, kind: ${JSON.stringify(r.kind)}, namespaced: ${r.namespaced} })`,
    )
  }
}
for (const [m, names] of importMap)
  out += `import type { ${[...names].map(([n, a]) => `${n} as ${a}`).join(', ')} } from './${m}.ts'\n`
files.set('resources.ts', `${out}\n${consts.join('\n')}\n`)
files.set(
  'facts.ts',
  `${header}/** The table of API facts as JSON text; parse it through schema.ts. */\nexport const factsJson: string =\n  ${"'"}${JSON.stringify(facts).replace(/\\/g, '\\\\').replace(/'/g, "\\'")}${"'"}\n`,
)

const check = process.argv.includes('--check')
mkdirSync(outDir, { recursive: true })
let stale = 0
for (const [name, text] of files) {
  const file = join(outDir, name)
  if (existsSync(file) && readFileSync(file, 'utf8') === text) continue
  stale++
  if (!check) writeFileSync(file, text)
}
for (const name of readdirSync(outDir)) {
  if (files.has(name)) continue
  stale++
  if (!check) rmSync(join(outDir, name))
}
if (check && stale) {
  console.error(`generate-api: ${stale} file(s) under src/api/generated are stale; run "npm run generate"`)
  process.exit(1)
}
console.log(`generate-api: ${files.size} files, ${stale} ${check ? 'stale' : 'written'}`)
