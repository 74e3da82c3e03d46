// Sampan's kubectl beside the stock one where things change: each runs the same commands in a namespace of its own, and
// what they say and leave behind is the same.

import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { canRunContainers, type Output, run, startCluster, type TestCluster } from './support/cluster.ts'
import { CUSTOM_CONTAINER, DEBUGGED, debugLines } from './support/debugging.ts'
import { BUSYBOX, loadBusybox } from './support/images.ts'
import { kubectlOf } from './support/kubectl.ts'
import { eventually } from './support/wait.ts'

const script = join(dirname(fileURLToPath(import.meta.url)), '../../bin/sampan.cjs')

const OBJECTS = (image: string, value: string) => `
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {color: ${value}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "${image}", ports: [{containerPort: 80}], env: [{name: A, value: "${value}"}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
`

const CONTROLLER = `
apiVersion: v1
kind: ReplicationController
metadata: {name: frontend, labels: {name: frontend}}
spec:
  replicas: 3
  selector: {name: frontend}
  template:
    metadata: {labels: {name: frontend}}
    spec: {containers: [{name: php, image: "php:v1"}]}
`

const KUSTOMIZATION = `
resources: [objects.yaml]
namePrefix: k-
labels: [{pairs: {made: by-kustomize}, includeSelectors: true}]
configMapGenerator: [{name: extra, literals: [a=b]}]
images: [{name: nginx, newTag: "3"}]
replicas: [{name: web, count: 1}]
`

/** In this order, each in the namespace of whoever runs it. */
const LINES = `
create -f DIR/one.yaml --dry-run=client
create -f DIR/one.yaml --dry-run=server
create -f DIR/one.yaml
create -f DIR/one.yaml
create -f DIR/bad.yaml
create -f DIR/bad.yaml --validate=false
create
apply -f DIR/one.yaml
apply -f DIR/one.yaml
apply -f DIR/two.yaml
apply view-last-applied cm settings
apply view-last-applied cm settings -o json
apply -f DIR/one.yaml -o name
apply -f DIR/one.yaml --prune
apply -f DIR/two.yaml --prune -l app=web
get cm settings -o jsonpath={.data}
label cm settings x=y
label cm settings x=z
label cm settings x=z --overwrite
label cm settings x-
label cm settings
annotate cm settings note=1
annotate cm settings note=2
annotate cm settings note-
patch cm settings -p {"data":{"z":"1"}}
patch cm settings -p {"data":{"z":"1"}}
patch cm settings --type=json -p [{"op":"remove","path":"/data/z"}]
patch cm settings --type=json -p [{"op":"remove","path":"/data/nope"}]
patch cm settings
replace -f DIR/one.yaml
scale deploy web --replicas=3
scale deploy web --replicas=2 --current-replicas=9
scale deploy web
wait --for=condition=Available deploy/web
wait --for=condition=Nope deploy/web --timeout=1s
wait --for=jsonpath={.spec.replicas}=3 deploy/web
rollout status deploy/web
set image deploy/web web=nginx:9
set image deploy/web nope=nginx:9
rollout status deploy/web
rollout history deploy/web
rollout undo deploy/web
rollout pause deploy/web
rollout pause deploy/web
rollout resume deploy/web
rollout restart deploy/web
set env deploy/web C=d A-
set env deploy/web --from=configmap/settings --keys=color --prefix=P_
set env deploy/web --from=service/web
get deploy web -o jsonpath={.spec.template.spec.containers[0].env}
set resources deploy/web --limits=cpu=200m
autoscale deploy web --max=5
expose deploy web --port=8080 --name=web2 --type=NodePort
expose deploy nope --port=80
run p1 --image=nginx:1
run p2 --image=nginx --dry-run=client -o yaml
run p2 --image=nginx --dry-run=client -o json
run p2
create deploy d1 --image=nginx:1,redis --dry-run=client -o yaml
create job j1 --image=b --dry-run=client -o yaml -- x
create cronjob c1 --image=b --schedule=@daily
create cm m1 --from-literal=a=b --append-hash
create secret generic s1 --from-literal=a=b
create svc nodeport v1 --tcp=80:8080
create role r1 --verb=get,list --resource=pods,deploy.apps
create rolebinding b1 --role=r1 --user=u
create quota q1 --hard=pods=20
create pdb p1 --selector=a=b --min-available=1
create ingress i1 --rule=foo.com/*=svc1:80
create sa robot
create token nope
set subject rolebinding b1 --user=v --serviceaccount=ns:sa
set subject rolebinding b1
diff -f DIR/one.yaml
diff -f DIR/nope.yaml
kustomize DIR/kustomized
apply -k DIR/kustomized
edit cm nope
taint nodes
taint nodes none a=b:NoSchedule
taint nodes none a=b:Nope
taint pods none a=b:NoSchedule
drain
drain none
certificate approve
certificate deny none
cp a b
cp a:b c:d
cp :a b
port-forward p1
port-forward p1 nope
port-forward none 80
logs nope
exec nope -- ls
delete cm settings --dry-run=client
delete cm settings
delete cm settings
delete cm settings --ignore-not-found
delete -f DIR/one.yaml --ignore-not-found
delete cm
delete pods --all --force
`
  .split('\n')
  .filter((line) => line !== '')

let cluster: TestCluster
let link: string

async function kubectlIn(namespace: string, program: string, line: string): Promise<Output> {
  const words = line.split(' ').map((word) => word.replace('DIR', cluster.dir))
  const env = { KUBECONFIG: cluster.kubeconfig, KUBECACHEDIR: join(cluster.dir, 'cache') }
  return run(program, ['-n', namespace, ...words], { env })
}

/** Names that the server makes up differ, and so do the namespaces. */
function comparable({ code, stdout, stderr }: Output): object {
  const plain = (text: string) =>
    text
      .replace(/^[EWI]\d{4} .*\n/gm, '')
      .replace(/\b(stock|ours)\b/g, 'NAMESPACE')
      .replace(/\b(LIVE|MERGED)-\w+|^[-+]{3} .*$|(uid|creationTimestamp): .*/gm, 'MADE-UP')
      .replace(/web-[0-9a-z]{5,10}-[0-9a-z]{5}/g, 'web-POD')
      .replace(/\bdebugger-(\S+-)?[0-9a-z]{5}\b/g, 'debugger-SUFFIX')
      .split('\n')
      .toSorted()
      .join('\n')
  return { code, stdout: plain(stdout), stderr: plain(stderr) }
}

function setUp(runtime: 'cri' | 'simulated'): void {
  beforeAll(async () => {
    cluster = await startCluster({ runtime })
    mkdirSync(join(cluster.dir, 'bin'))
    link = join(cluster.dir, 'bin', 'kubectl')
    symlinkSync(script, link)
    writeFileSync(join(cluster.dir, 'one.yaml'), OBJECTS('nginx:1', 'blue'))
    writeFileSync(join(cluster.dir, 'two.yaml'), OBJECTS('nginx:2', 'red'))
    writeFileSync(
      join(cluster.dir, 'bad.yaml'),
      'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: bad}\ndataa: {a: b}\n',
    )
    writeFileSync(join(cluster.dir, 'rc.yaml'), CONTROLLER)
    mkdirSync(join(cluster.dir, 'kustomized'))
    writeFileSync(join(cluster.dir, 'kustomized', 'objects.yaml'), OBJECTS('nginx:1', 'green'))
    writeFileSync(join(cluster.dir, 'kustomized', 'kustomization.yaml'), KUSTOMIZATION)
    for (const name of ['stock', 'ours']) await cluster.kubectl('create', 'namespace', name)
  })
  afterAll(async () => {
    await cluster?.remove()
  })
}

describe('commands that change things', () => {
  setUp('simulated')

  it.each(LINES)('kubectl %s', async (line) => {
    const stock = await kubectlIn('stock', kubectlOf('v35'), line)
    const ours = await kubectlIn('ours', link, line)
    expect(comparable(ours)).toEqual(comparable(stock))
  })

  it('lets objects be edited before they are made, and what was applied last', async () => {
    const settings = join(cluster.dir, 'settings.yaml')
    const color = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: edited}\ndata: {color: blue}\n'
    writeFileSync(settings, color)
    const seen: object[] = []
    for (const [namespace, program] of [
      ['stock', kubectlOf('v35')],
      ['ours', link],
    ] as const) {
      const edit = async (line: string, EDITOR: string) =>
        comparable(
          await run(program, ['-n', namespace, ...line.split(' ')], {
            env: { KUBECONFIG: cluster.kubeconfig, EDITOR, KUBE_EDITOR: '' },
          }),
        )
      seen.push([
        await edit(`create --edit -f ${settings}`, 'true'),
        await edit(`create --edit -f ${settings}`, 'sed -i s/blue/green/'),
        await edit(`create --edit -o name -f ${settings}`, 'true'),
        await edit('apply edit-last-applied cm edited', 'true'),
        await edit(`create --edit --save-config --windows-line-endings -f ${settings}`, 'sed -i s/edited/again/'),
        await edit('apply edit-last-applied cm again', 'sed -i s/blue/red/'),
        await edit('apply edit-last-applied cm/again -o json', 'sed -i s/red/green/'),
        await edit('apply edit-last-applied cm again', 'cat'),
        await edit('apply edit-last-applied', 'true'),
        await edit('create --edit', 'true'),
        await cluster.kubectl('-n', namespace, 'get', 'cm', 'again', 'edited', '-o', 'jsonpath={.items[*].data}'),
        (
          await cluster.kubectl('-n', namespace, 'get', 'cm', 'again', '-o', 'jsonpath={.metadata.annotations}')
        ).replace(namespace, ''),
      ])
    }
    expect(seen[1]).toEqual(seen[0])
  })

  it('runs plugins of the path where there is no command of that name', async () => {
    const folder = join(cluster.dir, 'plugins')
    mkdirSync(folder)
    const plugin = (name: string, mode = 0o755) =>
      writeFileSync(join(folder, name), `#!/bin/sh\necho ${name} "$@"\nexit 3\n`, { mode })
    for (const name of ['foo', 'foo-bar', 'a_b', 'create-thing', 'get']) plugin(`kubectl-${name}`)
    plugin('kubectl-mute', 0o644)
    writeFileSync(join(folder, 'kubectl-again'), '#!/bin/sh\nexec "$KUBECTL_PATH" version --client\n', { mode: 0o755 })
    const path = `${folder}:/nope:/usr/bin:/bin`
    const call = (program: string, words: readonly string[]) =>
      run(program, words, {
        env: { KUBECONFIG: cluster.kubeconfig, PATH: `${path}:${dirname(process.execPath)}` },
      })
    const lines = [
      'foo',
      'foo bar baz --x',
      'foo -n bar',
      'a-b c-d',
      'create thing x',
      'create other x',
      '-n x foo',
      'mute',
      'foo-bar',
      'plugin list',
      'plugin list --name-only',
    ]
    for (const line of lines) {
      const words = line.split(' ')
      const stock = await call(kubectlOf('v35'), words)
      const ours = await call(link, words)
      // What is no command at all is told with the help of the program, which is ours.
      if (line === 'create other x') expect(ours.code).toBe(stock.code)
      else expect({ line, ...ours }).toEqual({ line, ...stock })
      if (words[0] === 'plugin' || stock.code !== 3) continue
      expect(await call(process.execPath, [script, ...words])).toEqual(ours)
    }
    expect((await call(link, ['again'])).stdout).toMatch(/^Client Version: v/)
  })

  it('updates a replication controller pod by pod, and goes back half way', async () => {
    const ours = (line: string) => kubectlIn('ours', link, line)
    await ours('create -f DIR/rc.yaml')
    const first = await ours('rolling-update frontend --image=php:v2 --update-period=10ms')
    expect(first.stderr).toBe('')
    const hash = /Created (frontend-[0-9a-f]+)/.exec(first.stdout)?.[1] ?? ''
    expect(first.stdout.split('\n')).toEqual([
      `Created ${hash}`,
      `Scaling up ${hash} from 0 to 3, scaling down frontend from 3 to 0 (keep 3 pods available, don't exceed 4 pods)`,
      `Scaling ${hash} up to 1`,
      'Scaling frontend down to 2',
      `Scaling ${hash} up to 2`,
      'Scaling frontend down to 1',
      `Scaling ${hash} up to 3`,
      'Scaling frontend down to 0',
      'Update succeeded. Deleting old controller: frontend',
      `Renaming ${hash} to frontend`,
      'replicationcontroller "frontend" rolling updated',
      '',
    ])
    const image = 'jsonpath={.spec.template.spec.containers[0].image} {.status.replicas}'
    const shown = await run(link, ['-n', 'ours', 'get', 'rc', 'frontend', '-o', image], {
      env: { KUBECONFIG: cluster.kubeconfig },
    })
    expect(shown.stdout).toBe('php:v2 3')
    expect((await ours('rolling-update frontend --rollback --image=php:v3')).stderr).toBe(
      'error: no rolling update of "frontend" is in progress\n',
    )
    expect((await ours('resize --replicas=1 rc frontend')).stdout).toBe('replicationcontroller/frontend resized\n')
    expect((await ours('stop -f DIR/rc.yaml')).stdout).toBe('replicationcontroller "frontend" deleted\n')
  })
})

describe('pods that kubectl debug makes', () => {
  setUp('simulated')
  let node: string
  beforeAll(async () => {
    writeFileSync(join(cluster.dir, 'web.yaml'), DEBUGGED)
    writeFileSync(join(cluster.dir, 'custom.yaml'), CUSTOM_CONTAINER)
    node = await cluster.kubectl('get', 'nodes', '-o', 'jsonpath={.items[0].metadata.name}')
    for (const name of ['stock', 'ours']) {
      await cluster.kubectl('-n', name, 'wait', '--for=create', 'sa/default', '--timeout=30s')
      await cluster.kubectl('-n', name, 'create', '-f', join(cluster.dir, 'web.yaml'))
    }
  })

  it.each(debugLines)('kubectl %s', async (line) => {
    const words = line.replace('NODE', node)
    const stock = await kubectlIn('stock', kubectlOf('v35'), words)
    expect(comparable(await kubectlIn('ours', link, words))).toEqual(comparable(stock))
  })

  it('are the same as those of stock kubectl', async () => {
    const made = async (namespace: string) => {
      const list = await cluster.kubectl('-n', namespace, 'get', 'pods', '-o', 'json')
      const plain = list.replace(/\b(debugger-(\w+-)?|kube-api-access-)[0-9a-z]{5}\b/g, 'MADE-UP')
      const { items } = JSON.parse(plain) as { items: { metadata: Record<string, unknown>; spec: object }[] }
      const pods = items.map(({ metadata: { name, labels, annotations }, spec }) => ({
        name,
        labels,
        annotations,
        spec,
      }))
      return pods.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
    }
    const stock = await made('stock')
    expect(stock.length).toBeGreaterThan(12)
    expect(await made('ours')).toEqual(stock)
  })
})

describe.skipIf(!canRunContainers)('commands that run things', () => {
  setUp('cri')

  it('run commands in containers and show what containers wrote', async () => {
    await loadBusybox(cluster)
    const manifest = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { name: 'two' },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: ['main', 'side'].map((name) => ({
          name,
          image: BUSYBOX,
          imagePullPolicy: 'IfNotPresent',
          command: ['sh', '-c', `echo from ${name}; sleep 1000`],
        })),
      },
    }
    writeFileSync(join(cluster.dir, 'two-containers.json'), JSON.stringify(manifest))
    for (const name of ['stock', 'ours']) {
      await cluster.kubectl('-n', name, 'apply', '-f', join(cluster.dir, 'two-containers.json'))
      await cluster.kubectl('-n', name, 'wait', '--for=condition=Ready', 'pod/two', '--timeout=60s')
    }
    const lines = [
      'logs two',
      'logs two -c side',
      'logs two --all-containers --prefix',
      'logs two -c nope',
      'logs two -p',
      'exec two -- echo hi',
      'exec two -c side -- false',
      'exec -it two -- echo hi',
      'exec two -- hostname',
    ]
    for (const line of lines) {
      const stock = await kubectlIn('stock', kubectlOf('v35'), line)
      expect({ line, ...comparable(await kubectlIn('ours', link, line)) }).toEqual({ line, ...comparable(stock) })
    }
    const env = { KUBECONFIG: cluster.kubeconfig }
    const input = 'x'.repeat(300_000)
    const echoed = await run(link, ['-n', 'ours', 'exec', '-i', 'two', '-c', 'side', '--', 'cat'], { env, input })
    expect(echoed.stdout).toBe(input)
    // Without the dashes, as it was written for years.
    expect((await kubectlIn('ours', link, 'exec two -c side hostname')).stdout).toBe('two\n')
  })

  it('debug a running pod, a copy of it and its node', async () => {
    const image = `--image=${BUSYBOX} --image-pull-policy=IfNotPresent -q`
    const node = await cluster.kubectl('get', 'nodes', '-o', 'jsonpath={.items[0].metadata.name}')
    const env = { KUBECONFIG: cluster.kubeconfig }
    const debug = (line: string, script: string) => {
      const words = `-n ours debug ${line} ${image} --attach --profile=general -- sh -c`.split(' ')
      return run(link, [...words, script], { env })
    }
    const processes = "sleep 2; ps | grep -c '[s]leep 1000'"
    expect(await debug('two --target=main', processes)).toMatchObject({ code: 0, stdout: '1\n' })
    // The copy's containers are its own two, and see each other.
    expect(await debug('two --copy-to=three', processes)).toMatchObject({ code: 0, stdout: '2\n' })
    expect(await debug(`node/${node}`, 'sleep 2; ls -d /host/etc')).toMatchObject({ code: 0, stdout: '/host/etc\n' })
    // Standard input stays open: when it ends, attaching does.
    const typed = `(echo hello; sleep 3) | "$0" -n ours debug two ${image} -i --profile=general -- sh -c 'read x; echo got $x'`
    expect(await run('sh', ['-c', typed, link], { env })).toMatchObject({ code: 0, stdout: 'got hello\n' })
    // The container that was added can be entered as any other.
    await kubectlIn('ours', link, `debug two ${image} -c kept --profile=general -- sleep 1000`)
    const kept = 'jsonpath={.status.ephemeralContainerStatuses[?(@.name=="kept")].state.running}'
    await eventually('the debug container', async () =>
      (await cluster.kubectl('-n', 'ours', 'get', 'pod', 'two', '-o', kept)) === '' ? undefined : true,
    )
    expect((await kubectlIn('ours', link, 'exec two -c kept -- hostname')).stdout).toBe('two\n')
  })

  it('run a pod to its end and give its exit code', async () => {
    const options = ['--rm', '-i', '--restart=Never', '--image-pull-policy=IfNotPresent', `--image=${BUSYBOX}`]
    const env = { KUBECONFIG: cluster.kubeconfig }
    const words = ['-n', 'ours', 'run', 'once', ...options, '--', 'sh', '-c', 'cat; exit 4']
    const { code, stdout } = await run(link, words, { env, input: 'hello\n' })
    expect({ code, stdout }).toEqual({ code: 4, stdout: 'hello\npod "once" deleted from ours namespace\n' })
  })
})
