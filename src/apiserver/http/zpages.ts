// Pages on which a server tells of itself: /statusz and /flagz, as text or as objects of config.k8s.io.
// Model: k8s.io/apiserver/pkg/server/{statusz,flagz}.

import { notAcceptable } from '../../machinery/errors.ts'
import { toYaml } from '../../machinery/yaml-writer.ts'
import type { Request, Response } from './exchange.ts'
import { type Clause, clausesOf, includesType, isForReading } from './media-type.ts'
import type { RequestInfo } from './request-info.ts'
import { formOfErrors, sendObject, sendPlain } from './respond.ts'

/** One such page. */
export interface ZPage {
  readonly kind: 'Statusz' | 'Flagz'
  /** What the object says beside its metadata. */
  readonly fields: object
  /** The lines of the text, with what stands between a name and its value. */
  text(delimiter: string): string
}

const COMPONENT = 'apiserver'
const ACCEPTED = ['application/json', 'application/yaml', 'text/plain']
/** One of them is drawn for each text: nobody is to parse it. */
const DELIMITERS = [':', ': ', '=', ' ']
const WARNING =
  'Warning: This endpoint is not meant to be machine parseable, has no formatting compatibility guarantees and is for debugging purposes only.'
const OLD_VERSION = 'v1alpha1'

interface Form {
  readonly type: string
  /** Absent: text. */
  readonly version?: string
  readonly pretty: boolean
}

/** Sends a page in the form that is asked for, `draw` being a number from 0 to below 1, or says that there is none. */
export function serveZPage(
  page: ZPage,
  request: Request,
  response: Response,
  { query, draw }: Pick<RequestInfo, 'query'> & { readonly draw: number },
): void {
  const { kind } = page
  const name = kind.toLowerCase()
  const form = formOf(request.headers.accept ?? '', kind)
  if (!form) {
    const { status } = notAcceptable(ACCEPTED)
    return sendObject(response, 406, formOfErrors({ headers: request.headers, protobuf: false }), { object: status })
  }
  const { type, version, pretty } = form
  if (version === undefined) {
    const delimiter = DELIMITERS[Math.floor(draw * DELIMITERS.length)] ?? ''
    return sendPlain(response, 200, `\n${COMPONENT} ${name}\n${WARNING}\n${page.text(delimiter)}`)
  }
  if (version === OLD_VERSION) {
    response.setHeader(
      'warning',
      `299 - "This version of the ${name} endpoint is deprecated. Please use a newer version."`,
    )
  }
  const object = { kind, apiVersion: `config.k8s.io/${version}`, metadata: { name: COMPONENT }, ...page.fields }
  const readable = pretty || isForReading(request.headers, query.get('pretty'))
  const json = () => `${readable ? JSON.stringify(object, null, 2) : JSON.stringify(object)}\n`
  const text = type === 'application/yaml' ? toYaml(object) : json()
  sendPlain(response, 200, text, `${type};g=config.k8s.io;v=${version};as=${kind}`)
}

function formOf(accept: string, kind: ZPage['kind']): Form | undefined {
  if (accept.trim() === '') return { type: 'text/plain', pretty: false }
  for (const clause of clausesOf(accept)) {
    for (const type of ACCEPTED) {
      const form = includesType(clause.type, type) ? formIn(clause, type, kind) : undefined
      if (form) return form
    }
  }
  return undefined
}

/** Text is no object, and what is no text is only that object. Model: AllowsMediaTypeTransform. */
function formIn({ parameters }: Clause, type: string, kind: ZPage['kind']): Form | undefined {
  const [as, group, version, server, stream] = ['as', 'g', 'v', 'sv', 'stream'].map((name) => parameters.get(name))
  if (server || stream) return undefined
  const pretty = parameters.get('pretty') === '1'
  if (type === 'text/plain') return (as ?? group ?? version) ? undefined : { type, pretty }
  if (as !== kind || group !== 'config.k8s.io') return undefined
  return version === 'v1beta1' || version === OLD_VERSION ? { type, version, pretty } : undefined
}

/** The page of the server's flags. */
export function flagz(flags: Readonly<Record<string, string>>): ZPage {
  const names = Object.keys(flags).sort()
  return {
    kind: 'Flagz',
    fields: { flags: Object.fromEntries(names.map((name) => [name, flags[name]])) },
    text: (delimiter) => names.map((name) => `${name}${delimiter}${flags[name]}\n`).join(''),
  }
}

/** Paths that are no help in finding what is wrong. */
const OF_CLIENTS = new Set(['/apis', '/api', '/openid', '/openapi', '/.well-known'])

/** The page of how the server is, which serves `paths`. */
export function statusz(about: {
  /** When the server was started, and what time it is. */
  readonly startedAt: number
  readonly now: number
  /** The answer of /version. */
  readonly version: Readonly<Record<string, string>>
  readonly paths: readonly string[]
}): ZPage {
  const { startedAt, now, version } = about
  const uptimeSeconds = Math.max(0, Math.floor((now - startedAt) / 1000))
  const { goVersion = '', gitVersion = '' } = version
  const binaryVersion = gitVersion.replace(/^v|\+.*$/g, '')
  const emulationVersion = `${version.emulationMajor}.${version.emulationMinor}`
  const folders = about.paths.map((path) => `/${path.split('/')[1]}`)
  const paths = [...new Set(folders)].filter((folder) => folder !== '/' && !OF_CLIENTS.has(folder)).sort()
  const startTime = new Date(startedAt).toISOString().replace(/\.\d+/, '')
  return {
    kind: 'Statusz',
    fields: { startTime, uptimeSeconds, goVersion, binaryVersion, emulationVersion, paths },
    text: (delimiter) =>
      [
        '',
        `Started${delimiter} ${unixDate(startedAt)}`,
        `Up${delimiter} ${uptimeText(uptimeSeconds)}`,
        `Go version${delimiter} ${goVersion}`,
        `Binary version${delimiter} ${binaryVersion}`,
        `Emulation version${delimiter} ${emulationVersion}`,
        `Paths${delimiter} ${paths.join(' ')}`,
        '',
      ].join('\n'),
  }
}

/** `Sun Nov  2 08:32:55 UTC 2026`. */
function unixDate(at: number): string {
  const [weekday = '', day = '', month, year, time] = new Date(at).toUTCString().split(' ')
  return `${weekday.slice(0, 3)} ${month} ${String(Number(day)).padStart(2)} ${time} UTC ${year}`
}

function uptimeText(seconds: number): string {
  const two = (n: number) => String(n).padStart(2, '0')
  return `${Math.floor(seconds / 3600)} hr ${two(Math.floor(seconds / 60) % 60)} min ${two(seconds % 60)} sec`
}
