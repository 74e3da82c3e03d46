// Where two servers answered the same request differently: reads what test/differential wrote down and prints each kind
// of difference once.
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'

const ABSENT = '(absent)'
const SHOWN = 350
/** Headers that differ from one answer to the next. */
const FLEETING = new Set([
  'date',
  'content-length',
  'last-modified',
  'expires',
  'audit-id',
  'connection',
  'keep-alive',
  'transfer-encoding',
])
const IDS = /^x-kubernetes-pf-.*-uid$/
const PATTERNS = [
  [/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '<uid>'],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, '<time>'],
  [/10\.96\.\d+\.\d+/g, '<address>'],
  [/127\.0\.0\.1:\d+/g, '<host>'],
  [/eyJ[\w-]+\.[\w-]+\.[\w-]+/g, '<token>'],
  [/kube-api-access-\w{5}/g, 'kube-api-access-<random>'],
  [/in record \(\d+\)/g, 'in record (<version>)'],
  [/, current: \d+/g, ', current: <version>'],
  // Messages that show a whole object.
  [/(\\?"resourceVersion\\?":\\?")\d+/g, '$1<version>'],
  // Documents and what is shared in them are named by hashes, which prose is a part of.
  [/\?hash=[0-9A-F]{128}/g, '?hash=<hash>'],
  [/(#\/parameters\/\w+)-[\w-]{8}/g, '$1-<hash>'],
  [/^"[0-9A-F]{128}"$/g, '<etag>'],
]
const isMap = (value) => typeof value === 'object' && value !== null && !Array.isArray(value)

/** An answer without what is never the same twice. */
function settled(value, key = '') {
  if (key === 'managedFields' && Array.isArray(value)) return ordered(value).map((item) => settled(item))
  if (Array.isArray(value)) return value.map((item) => settled(item, key))
  if (isMap(value)) {
    // Descriptions are prose, which is our own.
    const fields = Object.entries(value).filter(([name, inner]) => name !== 'description' || typeof inner !== 'string')
    return Object.fromEntries(fields.map(([name, inner]) => [replaced(name), settled(inner, name)]))
  }
  if (typeof value === 'number' && /nodePort$/i.test(key) && value >= 30000) return '<port>'
  if (typeof value !== 'string') return value
  if (key === 'cells' && /^\d+s$/.test(value)) return '<age>'
  if ((key === 'resourceVersion' || key === 'continue') && value !== '') return `<${key}>`
  return replaced(value)
}

/** Entries of one second are sorted by their managers, others by their times: how fast a server is decides which comes first. */
const ordered = (entries) =>
  entries.toSorted((a, b) => (managerOf(a) < managerOf(b) ? -1 : managerOf(a) > managerOf(b) ? 1 : 0))

const managerOf = ({ operation, manager, apiVersion, subresource }) =>
  [operation, manager, apiVersion, subresource].join()

const replaced = (value) => PATTERNS.reduce((text, [pattern, name]) => text.replace(pattern, name), value)

/** The places in which two answers differ: `[path, ours, theirs]`. */
function* differences(ours, theirs, path = '') {
  if (isMap(ours) && isMap(theirs)) {
    for (const key of new Set([...Object.keys(ours), ...Object.keys(theirs)])) {
      if (path === '/headers' && (FLEETING.has(key) || IDS.test(key))) continue
      yield* differences(ours[key] ?? ABSENT, theirs[key] ?? ABSENT, `${path}/${key}`)
    }
  } else if (Array.isArray(ours) && Array.isArray(theirs) && ours.length === theirs.length) {
    for (const [i, item] of ours.entries()) yield* differences(item, theirs[i], `${path}/${i}`)
  } else if (JSON.stringify(ours) !== JSON.stringify(theirs)) yield [path, ours, theirs]
}

const codeOf = (answer) => answer.code ?? answer.status?.code ?? 200

function differencesOf(ours, theirs) {
  if (codeOf(ours) !== codeOf(theirs)) return [['code', ours.body ?? ours.status, theirs.body ?? theirs.status]]
  const found = [...differences(ours, theirs)]
  const causes = found.some(([path]) => path.includes('/causes'))
  return causes ? found.filter(([path]) => path.includes('/causes') || !path.endsWith('/message')) : found
}

function titleOf({ method, path, ref, sent }) {
  return `${method} ${path ?? `${ref.resource} ${JSON.stringify(sent)}`}`.slice(0, SHOWN)
}

/** Prints what differs in the answers that `dir` holds. Gives how many exchanges there were and how many differ. */
export function report(dir, print) {
  const kinds = new Map()
  let exchanges = 0
  let differing = 0
  for (const file of readdirSync(dir).sort()) {
    for (const line of readFileSync(join(dir, file), 'utf8').split('\n')) {
      if (line === '') continue
      const { test, request, ours, theirs } = JSON.parse(line)
      exchanges += 1
      const found = differencesOf(settled(ours), settled(theirs))
      if (found.length > 0) differing += 1
      for (const [path, a, b] of found) {
        const shown = [a, b].map((value) => JSON.stringify(value)?.slice(0, SHOWN))
        const id = [path.replace(/\/\d+/g, '/N'), ...shown].join('\n')
        const known = kinds.get(id) ?? {
          count: 0,
          path,
          shown,
          where: `${basename(file, '.jsonl')}: ${test}`,
          title: titleOf(request),
        }
        known.count += 1
        kinds.set(id, known)
      }
    }
  }
  for (const { count, path, shown, where, title } of kinds.values()) {
    print(`[${count}×] ${path} (${where})\n  ${title}\n  ours:   ${shown[0]}\n  theirs: ${shown[1]}\n\n`)
  }
  print(`${exchanges} exchanges, ${differing} differ, in ${kinds.size} ways\n`)
}
