// Writes what gateways do with requests. One map for each server finds the first match, by regular expressions in the
// order of precedence over method, conditions and path; its value names the location that answers.

import type { RouteBranch, RouteCondition, RouteMatchModel, RouteServerModel } from '../model.ts'
import { MARK, ownerId } from '../names.ts'
import { escapeRegex, quote } from '../quote.ts'
import { addedHeaders, isMirrored, mirrorId, mirrorPath, renderAnswer, renderMirror } from './render-answer.ts'

const SHARED = '# shared'
/** Conditions that are put together in one map. */
const CHUNK = 100

/** Every port that ingresses do not have answers for hosts that no route has, too. */
export function withDefaults(
  servers: readonly RouteServerModel[],
  shared: readonly number[],
): readonly RouteServerModel[] {
  const defaults = [...new Set(servers.map(({ port }) => port))]
    .filter((port) => !shared.includes(port) && !servers.some((s) => s.port === port && s.host === ''))
    .map((port) => {
      const tls = servers.some((server) => server.port === port && server.tls)
      return { port, tls, host: '', matches: [] }
    })
  return [...servers, ...defaults]
}

/** All maps and splits, for the level of `http`. */
export function renderRouteMaps(servers: readonly RouteServerModel[]): string[] {
  const matches = new Map(servers.flatMap((server) => server.matches.map((match) => [match.id, match] as const)))
  if (matches.size === 0) return []
  const conditions = new Map<string, string[]>()
  for (const match of matches.values()) {
    for (const condition of match.conditions) {
      const id = conditionId(condition)
      if (!conditions.has(id)) conditions.set(id, [`${MARK}${match.owner}`, ...renderCondition(condition)])
    }
  }
  return [
    SHARED,
    // nginx has no other way to write a dollar sign where it looks for variables.
    'geo $gw_dollar {',
    '  default "$";',
    '}',
    ...queryMaps([...matches.values()]),
    ...addedHeaders([...matches.values()]),
    ...[...conditions.values()].flat(),
    ...[...matches.values()].flatMap(renderSplits),
    ...servers.flatMap(renderServerMap),
  ]
}

/** What stands in the server: the way to the locations, and these. */
export function renderRoutes(server: RouteServerModel): string[] {
  const { matches } = server
  if (matches.length === 0) return []
  const target = `$${serverId(server)}`
  return [
    SHARED,
    // Copies of requests have been decided with their originals.
    ...(matches.some(isMirrored) ? [`if ($uri ~ ${quote(`^${mirrorPath('')}`)}) {`, '  break;', '}'] : []),
    `error_page 418 = @${target};`,
    `if (${target}) {`,
    '  return 418;',
    '}',
    ...matches.flatMap((match) => [
      `${MARK}${match.owner}`,
      ...match.branches.flatMap((branch, i) => renderAnswer(locationName(match, i), match, branch, server)),
      ...mirrorsOf(match).flatMap((mirror, i) => renderMirror(match, mirror, i)),
    ]),
    SHARED,
  ]
}

/** All branches of a match have the same mirrors. */
function mirrorsOf({ branches }: RouteMatchModel) {
  return (
    branches.map(({ answer }) => (answer.kind === 'proxy' ? answer.mirrors : [])).find((all) => all.length > 0) ?? []
  )
}

function serverId({ port, host }: RouteServerModel): string {
  return `gws_${port}_${ownerId(host)}`
}

function locationName({ id, branches }: RouteMatchModel, index: number): string {
  return branches.length > 1 ? `gw_${id}_${index}` : `gw_${id}`
}

function conditionId({ source, name, regex, value }: RouteCondition): string {
  return `gwc_${ownerId(JSON.stringify([source, name, regex, value]))}`
}

function queryId(name: string): string {
  return `gwq_${ownerId(name)}`
}

/** Parameters by their exact names, which variables of nginx's own do not tell apart. */
function queryMaps(matches: readonly RouteMatchModel[]): string[] {
  const names = new Set(
    matches.flatMap((match) => match.conditions.filter((c) => c.source === 'query').map((c) => c.name)),
  )
  return [...names].flatMap((name) => {
    const value = `v${ownerId(name)}`
    return [
      `map $args $${queryId(name)} {`,
      '  default "";',
      `  ${quote(`~(?:^|&)${encodedPattern(name)}=(?<${value}>[^&]*)`)} $${value};`,
      '}',
    ]
  })
}

function renderCondition(condition: RouteCondition): string[] {
  const { source, name, regex, value } = condition
  const variable = {
    header: () => `$http_${name.replaceAll('-', '_')}`,
    query: () => `$${queryId(name)}`,
    path: () => '$uri',
  }[source]()
  const exact = source === 'query' ? encodedPattern(value) : escapeRegex(value)
  return [
    `map ${variable} $${conditionId(condition)} {`,
    '  default 0;',
    `  ${quote(`~^(?:${regex ? value : exact})\\z`)} 1;`,
    '}',
  ]
}

/** Any way in which a text may be written in a query. */
function encodedPattern(text: string): string {
  return [...Buffer.from(text)]
    .map((byte) => {
      const hex = byte.toString(16).padStart(2, '0')
      const encoded = `%${[...hex].map((c) => (/[a-f]/.test(c) ? `[${c}${c.toUpperCase()}]` : c)).join('')}`
      const char = String.fromCharCode(byte)
      if (char === ' ') return `(?:\\+|${encoded})`
      // Plus and ampersand mean something else when they are not encoded.
      if (char === '+' || char === '&' || byte <= 32 || byte >= 127) return encoded
      return `(?:${escapeRegex(char)}|${encoded})`
    })
    .join('')
}

function renderSplits(match: RouteMatchModel): string[] {
  const { id, owner, branches } = match
  const mirrors = mirrorsOf(match).flatMap(({ percent }, i) =>
    percent >= 100
      ? []
      : [
          `split_clients "$request_id ${mirrorId(match, i)}" $${mirrorId(match, i)} {`,
          `  ${percentText(percent)} 1;`,
          '  * 0;',
          '}',
        ],
  )
  const split =
    branches.length > 1
      ? [`split_clients "$request_id ${id}" $gwb_${id} {`, ...parts(branches).map((line) => `  ${line};`), '}']
      : []
  return [...split, ...mirrors].length > 0 ? [`${MARK}${owner}`, ...split, ...mirrors] : []
}

/** The largest part is what the others leave, so that rounding never exceeds the whole. */
function parts(branches: readonly RouteBranch[]): string[] {
  const largest = branches.reduce((best, branch, i) => (branch.percent > (branches[best]?.percent ?? 0) ? i : best), 0)
  return [
    ...branches.flatMap(({ percent }, i) => (i === largest ? [] : [`${percentText(percent)} ${i}`])),
    `* ${largest}`,
  ]
}

/** nginx counts hundredths of a percent, and no less. */
function percentText(percent: number): string {
  return `${Math.max(0.01, Math.round(percent * 100) / 100).toFixed(2)}%`
}

function renderServerMap(server: RouteServerModel): string[] {
  const { matches } = server
  if (matches.length === 0) return []
  const flags = [...new Set(matches.flatMap((match) => match.conditions.map(conditionId)))]
  const id = serverId(server)
  // No word of the configuration may be longer than 4096 bytes.
  const chunks = Array.from({ length: Math.ceil(flags.length / CHUNK) }, (_, i) =>
    flags
      .slice(i * CHUNK, (i + 1) * CHUNK)
      .map((flag) => `$\{${flag}}`)
      .join(''),
  )
  const source = chunks.length > 1 ? chunks.map((_, i) => `$\{${id}_${i}}`) : chunks
  return [
    SHARED,
    ...(chunks.length > 1 ? chunks.flatMap((chunk, i) => [`map "" $${id}_${i} {`, `  default "${chunk}";`, '}']) : []),
    `map "$request_method ${source.join('')} $uri" $${id} {`,
    '  default "";',
    ...matches.flatMap((match) => [
      `  ${MARK}${match.owner}`,
      `  ${quote(`~^${matchPattern(match, flags)}`)} ${targetOf(match)};`,
    ]),
    '}',
  ]
}

function targetOf(match: RouteMatchModel): string {
  return match.branches.length > 1 ? `"gw_${match.id}_$gwb_${match.id}"` : locationName(match, 0)
}

function matchPattern({ method, conditions, path }: RouteMatchModel, flags: readonly string[]): string {
  const wanted = new Set(conditions.map(conditionId))
  const text = escapeRegex(path.value)
  const end = path.match === 'exact' ? '\\z' : path.value === '/' ? '' : '(?:/|\\z)'
  return `${method ? escapeRegex(method) : '[^ ]+'} ${flags.map((flag) => (wanted.has(flag) ? '1' : '.')).join('')} ${text}${end}`
}
