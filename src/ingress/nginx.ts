// Runs nginx: starts or adopts it, gives it new configurations without dropping connections, starts it again when it
// dies, and ends it.

import { spawn } from 'node:child_process'
import {
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { type Clock, pause, sleep } from '../machinery/clock.ts'
import type { Logger } from '../machinery/logger.ts'
import type { ModelFile } from './model.ts'
import { type NginxPlace, nginxMaster, nginxProcesses, readPid, signalTo } from './process-group.ts'
import { stopNginx } from './stop-nginx.ts'

/** Where everything of one nginx stands. */
export interface NginxPaths extends NginxPlace {
  /** Holds the configuration and what it names. */
  readonly dir: string
  readonly config: string
  readonly pidFile: string
}

/** The paths below a directory of our own. */
export function nginxPaths(dir: string, logFile: string): NginxPaths {
  return {
    dir,
    logFile,
    config: join(dir, 'nginx.conf'),
    pidFile: join(dir, 'nginx.pid'),
    groupFile: join(dir, 'group'),
  }
}

export interface NginxOptions {
  readonly program: string
  readonly paths: NginxPaths
  /** Owner of what workers read; absent: whoever we are. */
  readonly worker?: { readonly uid: number; readonly gid: number }
  readonly env: NodeJS.ProcessEnv
  readonly clock: Clock
  readonly log: Logger
  readonly signal: AbortSignal
}

/** What nginx thinks of a configuration. */
export type Verdict =
  | { readonly accepted: true }
  /** `line` is that of the configuration, `file` one that it names: whichever nginx complained about. */
  | { readonly accepted: false; readonly message: string; readonly line?: number; readonly file?: string }

const MIN_BACKOFF_MS = 100
const MAX_BACKOFF_MS = 30_000
const LOOK_MS = 30_000
const READY_MS = 10
const MAX_LOG = 5 * 1024 * 1024
const MAX_OUTPUT = 64 * 1024

export class Nginx {
  readonly #options: NginxOptions
  #wake: () => void = () => {}
  #ended: Promise<unknown> | undefined

  constructor(options: NginxOptions) {
    this.#options = options
    const { dir, logFile } = options.paths
    for (const path of [dir, join(dir, 'tls'), join(dir, 'auth'), join(dir, 'tmp'), dirname(logFile)]) {
      mkdirSync(path, { recursive: true, mode: 0o755 })
    }
  }

  /**
   * Tests a configuration and puts it to use. When it is refused, the one before stays. `trusted` leaves out the test,
   * for changes that cannot be refused and should be quick.
   */
  async apply(config: string, files: readonly ModelFile[], { trusted = false } = {}): Promise<Verdict> {
    const { paths } = this.#options
    for (const file of files) this.#write(file)
    const candidate = `${paths.config}.new`
    writeFileSync(candidate, config, { mode: 0o600 })
    const verdict: Verdict = trusted ? { accepted: true } : await this.#test(candidate)
    if (!verdict.accepted) return verdict
    renameSync(candidate, paths.config)
    await this.#reload()
    this.#forgetOthers(files)
    return verdict
  }

  /** How many processes there are besides the master: workers, and replaced ones that end their connections. */
  get workers(): number {
    return Math.max(0, nginxProcesses(this.#options.paths).length - 1)
  }

  /** The ports that it has: those of its configuration while it runs. */
  get ports(): ReadonlySet<number> {
    const { paths } = this.#options
    if (nginxMaster(paths) === undefined || !existsSync(paths.config)) return new Set()
    const listens = readFileSync(paths.config, 'utf8').matchAll(/^ *listen (?:\S*:)?(\d+)[ ;]/gm)
    return new Set([...listens].map(([, port]) => Number(port)))
  }

  /** Keeps nginx running from the first configuration on, until the signal aborts; then ends it. */
  async run(): Promise<void> {
    const { paths, clock, log, signal } = this.#options
    const stopped = new AbortController()
    let backoff = MIN_BACKOFF_MS
    if (nginxMaster(paths) !== undefined) log.info('ingress-nginx-adopted', { pid: nginxMaster(paths) })
    while (!signal.aborted) {
      const master = nginxMaster(paths)
      if (master === undefined && existsSync(paths.config)) {
        const startedAt = clock.now()
        // Workers whose master died hold its ports.
        if (nginxProcesses(paths).length > 0) await stopNginx(paths, { clock, signal: stopped.signal })
        this.#start()
        await this.#changed()
        if (signal.aborted) break
        if (nginxMaster(paths) !== undefined) continue
        if (clock.now() - startedAt > MAX_BACKOFF_MS) backoff = MIN_BACKOFF_MS
        log.warn('ingress-nginx-ended', { retryInMs: backoff })
        await pause(clock, backoff, { signal })
        backoff = Math.min(backoff * 2, MAX_BACKOFF_MS)
      } else {
        if (master !== undefined) this.#rotateLog(master)
        await this.#changed()
      }
    }
    await stopNginx(paths, { clock, signal: stopped.signal })
  }

  /** Resolves when there is something to look at: an end, a first configuration, or time for an adopted one. */
  async #changed(): Promise<void> {
    const { clock, signal } = this.#options
    const waiting = new AbortController()
    const stop = () => waiting.abort()
    this.#wake = stop
    signal.addEventListener('abort', stop, { once: true })
    if (signal.aborted) stop()
    void this.#ended?.then(stop)
    await pause(clock, LOOK_MS, { signal: waiting.signal })
    signal.removeEventListener('abort', stop)
  }

  /** Starts nginx as the leader of a process group of its own. */
  #start(): void {
    const { program, paths, env, log } = this.#options
    rmSync(paths.pidFile, { force: true })
    const output = openSync(paths.logFile, 'a', 0o600)
    try {
      const child = spawn(program, ['-p', paths.dir, '-c', paths.config], {
        detached: true,
        stdio: ['ignore', output, output],
        env,
        cwd: '/',
      })
      // At once, so that whoever comes after us finds it whenever we end.
      if (child.pid !== undefined) writeFileSync(paths.groupFile, `${child.pid}\n`, { mode: 0o600 })
      this.#ended = new Promise<void>((resolve) => {
        child.once('exit', () => resolve())
        child.once('error', (error) => {
          log.error('ingress-nginx-failed', { program, error })
          resolve()
        })
      })
      child.unref()
      log.info('ingress-nginx-started', { pid: child.pid })
    } finally {
      closeSync(output)
    }
  }

  /** Tells the master to read its configuration again. Before it has written its pid, a signal would end it. */
  async #reload(): Promise<void> {
    const { paths, clock, log, signal } = this.#options
    for (;;) {
      const master = nginxMaster(paths)
      if (master === undefined) return this.#wake()
      if (readPid(paths.pidFile) === master) {
        this.#rotateLog(master)
        signalTo(master, 'SIGHUP')
        log.info('ingress-nginx-reloaded', { pid: master })
        return
      }
      await sleep(clock, READY_MS, { signal })
    }
  }

  #test(config: string): Promise<Verdict> {
    const { program, paths, env } = this.#options
    return new Promise((resolve, reject) => {
      const child = spawn(program, ['-t', '-q', '-p', paths.dir, '-c', config], {
        stdio: ['ignore', 'ignore', 'pipe'],
        env,
        cwd: '/',
      })
      let output = ''
      child.stderr.setEncoding('utf8')
      child.stderr.on('data', (chunk: string) => {
        output = (output + chunk).slice(-MAX_OUTPUT)
      })
      child.once('error', reject)
      child.once('close', (code) => resolve(code === 0 ? { accepted: true } : refusal(output, config)))
    })
  }

  #write({ name, content, forWorkers }: ModelFile): void {
    const { paths, worker } = this.#options
    const path = join(paths.dir, name)
    // Names are made from contents: what is there is what is wanted.
    if (existsSync(path)) return
    writeFileSync(`${path}.new`, content, { mode: 0o600 })
    if (forWorkers && worker) chownSync(`${path}.new`, worker.uid, worker.gid)
    renameSync(`${path}.new`, path)
  }

  /** Removes files that no configuration names any more. Replaced workers have read theirs, but for passwords. */
  #forgetOthers(files: readonly ModelFile[]): void {
    const { dir } = this.#options.paths
    const kept = new Set(files.map((file) => basename(file.name)))
    for (const directory of ['tls', 'auth']) {
      for (const name of readdirSync(join(dir, directory))) {
        if (!kept.has(name)) rmSync(join(dir, directory, name), { force: true })
      }
    }
  }

  #rotateLog(master: number): void {
    const { logFile } = this.#options.paths
    if (!existsSync(logFile) || statSync(logFile).size < MAX_LOG) return
    renameSync(logFile, `${logFile}.1`)
    signalTo(master, 'SIGUSR1')
  }
}

/** Takes apart what `nginx -t` says: `nginx: [emerg] unknown … in /dir/nginx.conf.new:12`. */
function refusal(output: string, config: string): Exclude<Verdict, { accepted: true }> {
  const found =
    output.split('\n').find((line) => line.includes('[emerg]')) ?? output.trim() ?? 'nginx refuses the configuration'
  const place = new RegExp(` in ${config.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}:(\\d+)$`).exec(found)
  const file = /\/((?:tls|auth)\/[0-9a-f]{32}\.\w+)/.exec(found)?.[1]
  const message = found.replace(/^.*\[emerg\] (\d+#\d+: )?/, '').replace(place?.[0] ?? '', '')
  return {
    accepted: false,
    message,
    ...(place?.[1] ? { line: Number(place[1]) } : {}),
    ...(file ? { file } : {}),
  }
}
