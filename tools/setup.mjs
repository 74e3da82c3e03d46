// What every npm command needs first: dependencies, the build, distribution packages. Plain Node, nothing installed yet.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { accessSync, constants, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = join(dirname(fileURLToPath(import.meta.url)), '..')

/** Says what is done, one line a step. */
export function say(text) {
  process.stdout.write(`${text}\n`)
}

/** Runs a program in the foreground; ends this process with its exit code when it fails. */
export function run(program, args, options = {}) {
  const { status, error } = spawnSync(program, args, { cwd: root, stdio: 'inherit', ...options })
  if (error) throw error
  if (status !== 0) process.exit(status ?? 1)
}

/** Refuses a Node that is too old. */
export function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number)
  if (major > 20 || (major === 20 && minor >= 19)) return
  process.stderr.write(`error: Node ${process.versions.node} is too old: Sampan needs 20.19 or newer\n`)
  process.exit(1)
}

/** Installs npm dependencies when the lock file has changed since the last time. */
export function ensureDependencies() {
  checkNode()
  ensureInstalled(root, 'dependencies')
}

/** Installs the clients that only tests need: nobody else is to wait for them. */
export function ensureTestClients() {
  ensureInstalled(join(root, 'test', 'clients'), 'clients for the tests')
}

function ensureInstalled(directory, what) {
  const stamp = join(directory, 'node_modules', '.sampan-lock')
  const lock = createHash('sha256')
    .update(readFileSync(join(directory, 'package-lock.json')))
    .digest('hex')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock) return
  say(`installing ${what}`)
  // Not `npm ci`: it refuses the lock file when a registry lacks a package of another platform. This keeps to the
  // versions of the lock file, too, and does not write to it.
  run('npm', ['install', '--no-save', '--no-fund', '--no-audit', '--loglevel=error'], { cwd: directory })
  writeFileSync(stamp, lock)
}

/** Builds the command when a source is newer than the bundle. */
export function ensureBuild() {
  const bundle = join(root, 'dist', 'sampan.cjs')
  const built = existsSync(bundle) ? statSync(bundle).mtimeMs : 0
  const newest = Math.max(...['src', 'tools', 'package-lock.json'].map((path) => newestChange(join(root, path))))
  if (built > newest) return
  say('building')
  run(process.execPath, [join(root, 'tools', 'build.mjs')])
}

function newestChange(path) {
  const stat = statSync(path)
  if (!stat.isDirectory()) return stat.mtimeMs
  return Math.max(0, ...readdirSync(path).map((name) => newestChange(join(path, name))))
}

const CNI = ['/opt/cni/bin', '/usr/lib/cni', '/usr/libexec/cni']
const SBIN = ['/usr/sbin', '/sbin', '/usr/local/sbin']

/** Programs by Debian and Ubuntu package, and what they are for. */
const CLUSTER_PACKAGES = [
  { package: 'containerd', programs: ['containerd', 'ctr'], why: 'runs containers' },
  { package: 'runc', programs: ['runc'], why: 'starts containers' },
  { package: 'containernetworking-plugins', programs: ['bridge'], places: CNI, why: 'connects pods to the network' },
  { package: 'nftables', programs: ['nft'], why: 'carries services' },
  { package: 'iproute2', programs: ['ip'], why: 'sets up the pod network' },
  { package: 'conntrack', programs: ['conntrack'], why: 'forgets UDP connections of gone pods' },
  { package: 'catatonit', programs: ['catatonit'], why: 'holds the namespaces of a pod' },
  { package: 'nginx-light', programs: ['nginx'], why: 'carries ingresses' },
]
const GUESTBOOK_PACKAGES = [
  { package: 'redis-server', programs: ['redis-server', 'redis-cli'], why: 'stores the messages of the guestbook' },
]
const TEST_PACKAGES = [
  { package: 'chromium', programs: ['chromium'], why: 'looks at the example pages in tests' },
  { package: 'busybox-static', programs: ['busybox'], why: 'makes small images for tests' },
  { package: 'socat', programs: ['socat'], why: 'listens and connects in network tests' },
  { package: 'skopeo', programs: ['skopeo'], why: 'pushes and pulls images in tests' },
  { package: 'buildah', programs: ['buildah'], why: 'builds images from Dockerfiles' },
  { package: 'curl', programs: ['curl'], why: 'asks services in tests' },
]

export const packages = {
  start: [...CLUSTER_PACKAGES, ...GUESTBOOK_PACKAGES],
  test: [...CLUSTER_PACKAGES, ...GUESTBOOK_PACKAGES, ...TEST_PACKAGES],
}

function isThere(program, places) {
  return (places ?? [...(process.env.PATH ?? '').split(delimiter), ...SBIN]).some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK)
      return true
    } catch {
      return false
    }
  })
}

/** Installs the packages of which a program is missing; with `noInstall` only lists them and ends. */
export function ensurePackages(wanted, { noInstall }) {
  const missing = wanted.filter((p) => p.programs.some((program) => !isThere(program, p.places)))
  if (missing.length === 0) return
  say('missing distribution packages:')
  const width = Math.max(...missing.map((p) => p.package.length))
  for (const p of missing) say(`  ${p.package.padEnd(width)}  ${p.why}`)
  const names = missing.map((p) => p.package)
  const install = ['apt-get', 'install', '--yes', '--quiet', '--no-install-recommends', ...names]
  if (noInstall) {
    say(`install them with: sudo ${install.filter((w) => !w.startsWith('--')).join(' ')}`)
    process.exit(1)
  }
  if (!isThere('apt-get')) {
    process.stderr.write(
      'error: cannot install packages: this is not Debian or Ubuntu; install the programs named above by hand\n',
    )
    process.exit(1)
  }
  const prefix = process.getuid() === 0 ? [] : ['sudo']
  if (prefix.length > 0) say('installing them through sudo, which may ask for your password')
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const command = (words) => [...prefix, ...words]
  const [update, ...updateArgs] = command(['apt-get', 'update', '--quiet', '--quiet'])
  run(update, updateArgs, { env, stdio: ['ignore', 'ignore', 'inherit'] })
  const [program, ...args] = command(install)
  run(program, args, { env, stdio: ['inherit', 'ignore', 'inherit'] })
  // A package that brings a web server starts it, too; the cluster runs its own, on the same ports.
  if (names.includes('nginx-light') && isThere('service')) {
    const [stop, ...stopArgs] = command(['service', 'nginx', 'stop'])
    spawnSync(stop, stopArgs, { stdio: 'ignore' })
  }
  say(`installed ${names.join(', ')}`)
}

/** The words that run a script of the project as root, through sudo when need be. */
export function asRoot(script, ...args) {
  const words = [process.execPath, resolve(root, script), ...args]
  return process.getuid() === 0 ? words : ['sudo', '--preserve-env=KUBECONFIG,PATH', ...words]
}

/** Runs a program given as words. */
export function runWords([program, ...args]) {
  run(program, args)
}
