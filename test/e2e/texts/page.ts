// Runs a tutorial page: every command of its `sh` blocks, in order, in one shell; what the page shows below a command
// must be what the command prints, ages, addresses and made-up names apart.

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import {
  chmodSync,
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { TestCluster } from '../support/cluster.ts'
import { kubectlOf } from '../support/kubectl.ts'

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..')
const LIMIT_MS = 120_000
const OWN = ['up', 'down', 'status', 'image', 'node', 'ingress', 'kubeconfig']

/** One command and what the page says it prints; undefined: the page shows nothing. */
export interface Step {
  readonly command: string
  readonly expected: readonly string[] | undefined
}

/** The steps of `docs/tutorials/<page>`: in ```sh blocks, lines after `$ ` are commands, the rest is what they print. */
export function stepsOf(page: string): Step[] {
  const text = readFileSync(join(root, 'docs/tutorials', page), 'utf8')
  const steps: { command: string; expected: string[] | undefined }[] = []
  for (const [, block = ''] of text.matchAll(/^```sh\n([\s\S]*?)^```$/gm)) {
    let open = false
    for (const line of block.split('\n').slice(0, -1)) {
      const last = steps.at(-1)
      if (line.startsWith('$ ')) steps.push({ command: line.slice(2), expected: undefined })
      else if (open && last) last.command += `\n${line}`
      else if (last) last.expected = [...(last.expected ?? []), line]
      open = line.endsWith('\\')
    }
  }
  return steps
}

export interface PageShell {
  /** Runs a command as the page's reader would; gives its standard output. Rejects when it fails. */
  run(command: string): Promise<string>
  /** Text as it is compared: see the file comment. */
  comparable(text: string): string[]
  close(): void
}

/** A shell in a copy of `examples/texts/<folder>`, with stock kubectl as `kubectl` and this build as `sampan`. */
export async function openShell(cluster: TestCluster, folder: string): Promise<PageShell> {
  const directory = mkdtempSync(join(tmpdir(), 'sampan-text-'))
  const bin = join(directory, 'bin')
  const files = join(directory, 'files')
  cpSync(join(root, 'examples/texts', folder), files, { recursive: true })
  // A cluster beside another one has node ports of its own.
  const shift = cluster.config().nodePorts.from - 30_000
  const shifted = (text: string) => text.replace(/\b3\d{4}\b/g, (port) => String(Number(port) + shift))
  if (shift !== 0) {
    for (const name of readdirSync(files)) {
      const path = join(files, name)
      if (statSync(path).isFile()) writeFileSync(path, shifted(readFileSync(path, 'utf8')))
    }
  }
  const script = (name: string, lines: string[]) => {
    const path = join(bin, name)
    writeFileSync(path, ['#!/bin/bash', ...lines, ''].join('\n'))
    chmodSync(path, 0o755)
  }
  mkdirSync(bin)
  const sampan = `exec ${process.execPath} ${join(root, 'bin/sampan.cjs')} "$@"`
  script('sampan', [`case "$1" in ${OWN.join('|')}) set -- "$@" --name ${cluster.name};; esac`, sampan])
  script('kubectl', [`exec ${kubectlOf('v35')} "$@"`])
  const shell = spawn('bash', ['--noprofile', '--norc'], {
    cwd: files,
    env: { ...process.env, PATH: `${bin}:${process.env.PATH ?? ''}`, KUBECONFIG: cluster.kubeconfig, LC_ALL: 'C' },
  })
  const node = (await cluster.kubectl('get', 'nodes', '-o', 'jsonpath={.items[0].metadata.name}')).trim()
  let count = 0
  return {
    run: (command) => runIn(shell, shifted(command), ++count),
    comparable: (text) => comparable(text, node),
    close() {
      shell.kill()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

function runIn(shell: ChildProcessWithoutNullStreams, command: string, count: number): Promise<string> {
  const mark = `__end_of_${count}__`
  return new Promise((resolve, reject) => {
    let out = ''
    let err = ''
    const onErr = (chunk: Buffer) => {
      err += chunk
    }
    const finish = (settle: () => void) => {
      clearTimeout(timer)
      shell.stdout.off('data', onOut)
      shell.stderr.off('data', onErr)
      settle()
    }
    const onOut = (chunk: Buffer) => {
      out += chunk
      const end = new RegExp(`${mark} (\\d+)\\n$`).exec(out)
      if (!end) return
      const said = out.slice(0, end.index)
      finish(() => {
        if (end[1] === '0') resolve(said)
        else reject(new Error(`${command} ended with ${end[1]}: ${err}${said}`))
      })
    }
    const timer = setTimeout(
      () => finish(() => reject(new Error(`${command} is not done after ${LIMIT_MS} ms: ${err}${out}`))),
      LIMIT_MS,
    )
    shell.stdout.on('data', onOut)
    shell.stderr.on('data', onErr)
    shell.stdin.write(`${command}\necho "${mark} $?"\n`)
  })
}

/** What differs from run to run is put alike; spaces between columns count as one. */
function comparable(text: string, node: string): string[] {
  return text
    .split('\n')
    .map((line) =>
      line
        .replace(new RegExp(`\\b${node.replace(/[.]/g, '\\.')}\\b`, 'g'), 'NODE')
        // Before ages: the end of a pod's name can look like one.
        .replace(/(-[a-f0-9]{8,10}|-[bcdfghjklmnpqrstvwxz2456789]{8,10})?-[bcdfghjklmnpqrstvwxz2456789]{5}\b/g, '-POD')
        .replace(/\b(\d+[dhms])+\b/g, 'AGE')
        .replace(/\b\d{1,3}(\.\d{1,3}){3}\b/g, 'IP')
        .replace(/\b[23]\d{4}\//g, 'PORT/')
        .replace(/\s+/g, ' ')
        .trim(),
    )
    .filter((line) => line !== '')
}

/** Whether `actual` is what the page shows; a line `...` on the page stands for any lines. */
export function matches(expected: readonly string[], actual: readonly string[]): boolean {
  const [first, ...rest] = expected
  if (first === undefined) return actual.length === 0
  if (first === '...') return actual.some((_, i) => matches(rest, actual.slice(i))) || matches(rest, [])
  return actual[0] === first && matches(rest, actual.slice(1))
}
