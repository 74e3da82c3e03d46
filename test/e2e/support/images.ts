// A small image for tests: busybox with its applets, loaded into a cluster by the sampan command.

import type { TestCluster } from './cluster.ts'

export const BUSYBOX = 'busybox:1'
const APPLETS = [
  'sh',
  'ls',
  'cat',
  'env',
  'hostname',
  'date',
  'sleep',
  'wget',
  'nc',
  'httpd',
  'ps',
  'tar',
  'id',
  'mkdir',
  'touch',
  'nslookup',
  'echo',
  'head',
  'kill',
  'test',
  'stat',
  'mount',
  'true',
  'false',
  'rm',
]

/** Makes `busybox:1` available in the cluster. */
export async function loadBusybox(cluster: TestCluster): Promise<void> {
  const links = APPLETS.map((name) => `/bin/busybox:/bin/${name}`)
  const { code, stdout, stderr } = await cluster.sampan('image', 'from-host', '-t', BUSYBOX, '/bin/busybox', ...links)
  if (code !== 0) throw new Error(`sampan image from-host gave ${code}: ${stdout}${stderr}`)
}

/** The machine's curl, for asking services from inside pods. */
export const CURL = 'curl:1'

/** Makes `curl:1` available in the cluster. */
export async function loadCurl(cluster: TestCluster): Promise<void> {
  const { code, stderr } = await cluster.sampan(
    'image',
    'from-host',
    '-t',
    CURL,
    '/usr/bin/curl',
    '/bin/busybox:/bin/sh',
    '/bin/busybox:/bin/sleep',
  )
  if (code !== 0) throw new Error(`sampan image from-host gave ${code}: ${stderr}`)
}
