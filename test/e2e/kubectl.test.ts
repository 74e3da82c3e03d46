// Stock kubectl of several versions against one cluster: what people type every day, and what they read back.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { type Output, run, startCluster, type TestCluster } from './support/cluster.ts'
import { kubectlOf, kubectlVersions } from './support/kubectl.ts'
import { eventually } from './support/wait.ts'

let cluster: TestCluster
beforeAll(async () => {
  cluster = await startCluster({ runtime: 'simulated' })
})
afterAll(() => cluster?.remove())

describe.each(kubectlVersions)('kubectl %s', (version) => {
  const namespace = `with-${version}`
  const attempt = (args: readonly string[], input?: string, env: NodeJS.ProcessEnv = {}): Promise<Output> =>
    run(kubectlOf(version), ['-n', namespace, ...args], {
      env: { KUBECONFIG: cluster.kubeconfig, ...env },
      ...(input === undefined ? {} : { input }),
    })
  const kubectl = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await attempt(args)
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')} gave ${code}: ${stderr}${stdout}`)
    return stdout
  }
  const table = async (...args: string[]) =>
    (await kubectl('get', ...args))
      .trimEnd()
      .split('\n')
      .map((line) => line.trimEnd().split(/ {2,}/))
  const file = (name: string, text: string) => {
    const path = join(cluster.dir, `${version}-${name}`)
    writeFileSync(path, text)
    return path
  }
  const settings = (data: Record<string, string>) =>
    JSON.stringify({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings' }, data })
  let node = ''

  beforeAll(async () => {
    await kubectl('create', 'namespace', namespace)
    node = await kubectl('get', 'nodes', '-o', 'jsonpath={.items[0].metadata.name}')
    await eventually('the default service account', () => kubectl('get', 'serviceaccount', 'default'))
  })

  it('tells versions and what the server has', async () => {
    const versions = JSON.parse(await kubectl('version', '-o', 'json')) as {
      serverVersion: { major: string; minor: string; gitVersion: string }
    }
    expect(versions.serverVersion).toMatchObject({ major: '1', minor: '36' })
    expect(versions.serverVersion.gitVersion).toMatch(/^v1\.36\.\d+/)
    expect((await kubectl('api-versions')).split('\n')).toEqual(
      expect.arrayContaining(['apps/v1', 'batch/v1', 'policy/v1', 'v1']),
    )
    const resources = await kubectl('api-resources', '-o', 'wide')
    expect(resources).toMatch(/^NAME +SHORTNAMES +APIVERSION +NAMESPACED +KIND +VERBS +CATEGORIES$/m)
    expect(resources).toMatch(/^deployments +deploy +apps\/v1 +true +Deployment +\S*create\S* +all$/m)
    expect(resources).toMatch(/^nodes +no +v1 +false +Node /m)
    expect(await kubectl('cluster-info')).toContain('is running at')
  })

  it('applies, tells differences, edits, patches and replaces', async () => {
    const first = file('settings-1.json', settings({ a: '1' }))
    const second = file('settings-2.json', settings({ a: '2' }))
    expect(await attempt(['diff', '-f', first])).toMatchObject({ code: 1 })
    expect(await kubectl('apply', '-f', first)).toBe('configmap/settings created\n')
    expect(await kubectl('apply', '-f', first)).toBe('configmap/settings unchanged\n')
    expect(await attempt(['diff', '-f', first])).toMatchObject({ code: 0, stdout: '' })
    const difference = await attempt(['diff', '-f', second])
    expect(difference.code).toBe(1)
    expect(difference.stdout).toContain('\n-  a: "1"\n+  a: "2"\n')
    expect(await kubectl('apply', '-f', second)).toBe('configmap/settings configured\n')
    expect(await kubectl('apply', 'view-last-applied', 'configmap/settings')).toContain('a: "2"')
    expect(await kubectl('create', '-f', first, '--dry-run=client', '-o', 'name')).toBe('configmap/settings\n')
    expect(await attempt(['create', '-f', first])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('configmaps "settings" already exists'),
    })

    const editor = file('editor.sh', '#!/bin/sh\nsed -i \'s/a: "2"/a: "edited"/\' "$1"\n')
    const edited = await attempt(['edit', 'configmap', 'settings'], undefined, { KUBE_EDITOR: `sh ${editor}` })
    expect(edited).toMatchObject({ code: 0, stdout: 'configmap/settings edited\n' })
    const data = async () => JSON.parse(await kubectl('get', 'cm', 'settings', '-o', 'jsonpath={.data}'))
    expect(await data()).toEqual({ a: 'edited' })

    expect(await kubectl('patch', 'cm', 'settings', '-p', '{"data":{"b":"x"}}')).toBe('configmap/settings patched\n')
    await kubectl('patch', 'cm', 'settings', '--type=merge', '-p', '{"data":{"a":null,"c":"y"}}')
    await kubectl('patch', 'cm', 'settings', '--type=json', '-p', '[{"op":"replace","path":"/data/b","value":"z"}]')
    expect(await data()).toEqual({ b: 'z', c: 'y' })
    expect(await kubectl('patch', 'cm', 'settings', '-p', '{"data":{"b":"z"}}')).toBe(
      'configmap/settings patched (no change)\n',
    )
    expect(await kubectl('replace', '-f', first)).toBe('configmap/settings replaced\n')
    expect(await data()).toEqual({ a: '1' })
    const uid = await kubectl('get', 'cm', 'settings', '-o', 'jsonpath={.metadata.uid}')
    expect(await kubectl('replace', '--force', '-f', first)).toContain('configmap/settings replaced')
    expect(await kubectl('get', 'cm', 'settings', '-o', 'jsonpath={.metadata.uid}')).not.toBe(uid)
  })

  it('refuses unknown fields and wrong values before anything is stored', async () => {
    const unknown = JSON.stringify({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'odd' },
      dta: { a: '1' },
    })
    expect(await attempt(['apply', '-f', '-'], unknown)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('strict decoding error: unknown field "dta"'),
    })
    expect(await attempt(['get', 'cm', 'odd'])).toMatchObject({
      code: 1,
      stderr: 'Error from server (NotFound): configmaps "odd" not found\n',
    })
    expect(await attempt(['create', 'configmap', 'Odd'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('metadata.name: Invalid value: "Odd": a lowercase RFC 1123 subdomain'),
    })
    expect(await attempt(['apply', '--dry-run=server', '-f', '-'], settings({ a: '9' }))).toMatchObject({
      code: 0,
      stdout: 'configmap/settings configured (server dry run)\n',
    })
    expect(await kubectl('get', 'cm', 'settings', '-o', 'jsonpath={.data.a}')).toBe('1')
  })

  it('labels, annotates and selects', async () => {
    expect(await kubectl('label', 'cm', 'settings', 'colour=blue')).toBe('configmap/settings labeled\n')
    expect(await attempt(['label', 'cm', 'settings', 'colour=red'])).toMatchObject({
      code: 1,
      stderr: "error: 'colour' already has a value (blue), and --overwrite is false\n",
    })
    await kubectl('label', 'cm', 'settings', 'colour=red', '--overwrite')
    expect(await kubectl('annotate', 'cm', 'settings', 'note=hi')).toBe('configmap/settings annotated\n')
    expect(await kubectl('get', 'cm', '-l', 'colour in (red,green)', '-o', 'name')).toBe('configmap/settings\n')
    expect(await kubectl('get', 'cm', '-l', 'colour!=red', '-o', 'name')).not.toContain('settings')
    expect(await table('cm', 'settings', '-L', 'colour', '--show-labels')).toEqual([
      ['NAME', 'DATA', 'AGE', 'COLOUR', 'LABELS'],
      ['settings', '1', expect.any(String), 'red', 'colour=red'],
    ])
    await kubectl('label', 'cm', 'settings', 'colour-')
    expect(await kubectl('get', 'cm', 'settings', '-o', 'jsonpath={.metadata.labels}')).toBe('')
  })

  it('creates a deployment, exposes and scales it, and prints it in every form', async () => {
    expect(await kubectl('create', 'deployment', 'web', '--image=nginx:1', '--replicas=2', '--port=80')).toBe(
      'deployment.apps/web created\n',
    )
    expect(await kubectl('rollout', 'status', 'deployment/web', '--timeout=30s')).toContain(
      'deployment "web" successfully rolled out',
    )
    expect(await kubectl('expose', 'deployment', 'web', '--port=8080', '--target-port=80', '--type=NodePort')).toBe(
      'service/web exposed\n',
    )
    const age = expect.any(String)
    expect(await table('deployment', 'web')).toEqual([
      ['NAME', 'READY', 'UP-TO-DATE', 'AVAILABLE', 'AGE'],
      ['web', '2/2', '2', '2', age],
    ])
    expect(await table('deployment', 'web', '-o', 'wide')).toEqual([
      ['NAME', 'READY', 'UP-TO-DATE', 'AVAILABLE', 'AGE', 'CONTAINERS', 'IMAGES', 'SELECTOR'],
      ['web', '2/2', '2', '2', age, 'nginx', 'nginx:1', 'app=web'],
    ])
    const pods = await table('pods', '-l', 'app=web', '-o', 'wide')
    const columns = ['NAME', 'READY', 'STATUS', 'RESTARTS', 'AGE', 'IP', 'NODE', 'NOMINATED NODE', 'READINESS GATES']
    expect(pods[0]).toEqual(columns)
    for (const row of pods.slice(1)) {
      expect(row).toEqual([
        expect.stringMatching(/^web-/),
        '1/1',
        'Running',
        '0',
        age,
        expect.stringMatching(/^\d+\.\d+\.\d+\.\d+$/),
        node,
        '<none>',
        '<none>',
      ])
    }
    expect(pods).toHaveLength(3)
    expect(await table('svc', 'web', '-o', 'wide')).toEqual([
      ['NAME', 'TYPE', 'CLUSTER-IP', 'EXTERNAL-IP', 'PORT(S)', 'AGE', 'SELECTOR'],
      [
        'web',
        'NodePort',
        expect.stringMatching(/^\d+\./),
        '<none>',
        expect.stringMatching(/^8080:\d+\/TCP$/),
        age,
        'app=web',
      ],
    ])
    expect((await table('rs', '-l', 'app=web'))[0]).toEqual(['NAME', 'DESIRED', 'CURRENT', 'READY', 'AGE'])
    expect((await table('nodes'))[0]).toEqual(['NAME', 'STATUS', 'ROLES', 'AGE', 'VERSION'])
    expect((await table('events'))[0]).toEqual(['LAST SEEN', 'TYPE', 'REASON', 'OBJECT', 'MESSAGE'])
    expect(await kubectl('events', '--for', 'deployment/web')).toContain('ScalingReplicaSet')

    expect(await kubectl('scale', 'deployment', 'web', '--replicas=3')).toBe('deployment.apps/web scaled\n')
    expect(await kubectl('wait', 'deployment/web', '--for=jsonpath={.status.readyReplicas}=3', '--timeout=30s')).toBe(
      'deployment.apps/web condition met\n',
    )
    expect(await attempt(['scale', 'deployment', 'web', '--current-replicas=7', '--replicas=1'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('Expected replicas to be 7, was 3'),
    })
    expect(await kubectl('get', 'deploy', 'web', '-o', 'name')).toBe('deployment.apps/web\n')
    expect(await kubectl('get', 'deploy', 'web', '-o', 'yaml')).toMatch(/^apiVersion: apps\/v1\nkind: Deployment\n/)
    expect(JSON.parse(await kubectl('get', 'deploy', '-o', 'json'))).toMatchObject({
      kind: 'List',
      items: [{ metadata: { name: 'web' }, spec: { replicas: 3 } }],
    })
    expect(await kubectl('get', 'deploy', 'web', '-o', 'go-template={{.metadata.name}}:{{.spec.replicas}}')).toBe(
      'web:3',
    )
    expect(await table('deploy', 'web', '-o', 'custom-columns=N:.metadata.name,R:.spec.replicas')).toEqual([
      ['N', 'R'],
      ['web', '3'],
    ])
    expect(
      await kubectl('get', 'pods', '--sort-by=.metadata.name', '-o', 'jsonpath={range .items[*]}{.kind}{" "}{end}'),
    ).toBe('Pod Pod Pod ')
    expect(await kubectl('get', 'pods', '--field-selector', 'status.phase=Running', '-o', 'name')).toMatch(/^pod\/web-/)
    expect(await kubectl('get', 'all', '-o', 'name')).toContain('replicaset.apps/web-')
    expect(await attempt(['get', 'pods', '-l', 'app=none'])).toMatchObject({
      code: 0,
      stderr: `No resources found in ${namespace} namespace.\n`,
    })
    expect(await attempt(['get', 'nonsense'])).toMatchObject({
      code: 1,
      stderr: 'error: the server doesn\'t have a resource type "nonsense"\n',
    })
  })

  it('runs replication controllers', async () => {
    const controller = {
      apiVersion: 'v1',
      kind: 'ReplicationController',
      metadata: { name: 'old' },
      spec: {
        replicas: 2,
        selector: { app: 'old' },
        template: { metadata: { labels: { app: 'old' } }, spec: { containers: [{ name: 'main', image: 'nginx:1' }] } },
      },
    }
    expect((await attempt(['create', '-f', '-'], JSON.stringify(controller))).stdout).toBe(
      'replicationcontroller/old created\n',
    )
    await kubectl('wait', 'rc/old', '--for=jsonpath={.status.readyReplicas}=2', '--timeout=30s')
    expect(await table('rc', '-o', 'wide')).toEqual([
      ['NAME', 'DESIRED', 'CURRENT', 'READY', 'AGE', 'CONTAINERS', 'IMAGES', 'SELECTOR'],
      ['old', '2', '2', '2', expect.any(String), 'main', 'nginx:1', 'app=old'],
    ])
    expect(await kubectl('scale', 'rc', 'old', '--replicas=1')).toBe('replicationcontroller/old scaled\n')
    expect(await kubectl('describe', 'rc', 'old')).toMatch(/Replicas:\s+\d current \/ 1 desired/)
    await kubectl('delete', 'rc', 'old')
    await kubectl('wait', 'pods', '-l', 'app=old', '--for=delete', '--timeout=30s')
  })

  it('describes pods, deployments, services and nodes', async () => {
    const deployment = await kubectl('describe', 'deployment', 'web')
    expect(deployment).toMatch(/^Replicas: +3 desired \| 3 updated \| 3 total \| 3 available \| 0 unavailable$/m)
    expect(deployment).toMatch(/^ {2}Available +True +MinimumReplicasAvailable$/m)
    expect(deployment).toMatch(/^NewReplicaSet: +web-\w+ \(3\/3 replicas created\)$/m)
    expect(deployment).toMatch(
      /ScalingReplicaSet .*deployment-controller +Scaled up replica set web-\w+ (from 0 )?to 2$/m,
    )
    const pod = await kubectl('describe', 'pod', '-l', 'app=web')
    expect(pod).toMatch(/^Node: +\S+\/\d+\./m)
    expect(pod).toMatch(/^Controlled By: +ReplicaSet\/web-/m)
    expect(pod).toMatch(/^QoS Class: +BestEffort$/m)
    expect(pod).toMatch(/^ +Ready +True ?$/m)
    expect(pod).toMatch(/Scheduled .*default-scheduler +Successfully assigned with-/)
    expect(pod).toMatch(/Started .*kubelet /)
    const service = await kubectl('describe', 'service', 'web')
    expect(service).toMatch(/^Type: +NodePort$/m)
    expect(service).toMatch(/^TargetPort: +80\/TCP$/m)
    expect(service).toMatch(/^Endpoints: +(\d+\.\d+\.\d+\.\d+:80,?){3}$/m)
    const described = await kubectl('describe', 'node', node)
    expect(described).toMatch(/^ {2}Ready +True .*KubeletReady/m)
    expect(described).toMatch(/^Non-terminated Pods: +\(\d+ in total\)$/m)
    expect(described).toMatch(/^ {2}cpu +0 \(0%\)/m)
    expect(described).toContain('web-')
  })

  it('rolls out, remembers, undoes, pauses, resumes and restarts', async () => {
    const status = () => kubectl('rollout', 'status', 'deployment/web', '--timeout=30s')
    const image = () => kubectl('get', 'deploy', 'web', '-o', 'jsonpath={.spec.template.spec.containers[0].image}')
    const images = async () =>
      new Set(
        (await kubectl('get', 'pods', '-l', 'app=web', '-o', 'jsonpath={.items[*].spec.containers[0].image}')).split(
          ' ',
        ),
      )
    const onlyImage = (name: string) =>
      eventually(`pods of ${name} alone`, async () => {
        const found = await images()
        return found.size === 1 && found.has(name) ? true : undefined
      })
    expect(await kubectl('set', 'image', 'deployment/web', 'nginx=nginx:2')).toBe('deployment.apps/web image updated\n')
    await kubectl('annotate', 'deployment/web', 'kubernetes.io/change-cause=the second')
    expect(await status()).toContain('deployment "web" successfully rolled out')
    await onlyImage('nginx:2')
    await eventually('the cause in the history', async () =>
      /^deployment\.apps\/web \nREVISION +CHANGE-CAUSE\n1 +<none>\n2 +the second\n/.test(
        await kubectl('rollout', 'history', 'deployment/web'),
      )
        ? true
        : undefined,
    )
    expect(await kubectl('rollout', 'history', 'deployment/web', '--revision=1')).toMatch(/Image:\s+nginx:1/)
    expect(await kubectl('rollout', 'undo', 'deployment/web')).toBe('deployment.apps/web rolled back\n')
    await status()
    expect(await image()).toBe('nginx:1')
    expect(await kubectl('rollout', 'undo', 'deployment/web', '--to-revision=2')).toContain('rolled back')
    await status()
    expect(await image()).toBe('nginx:2')
    expect(await kubectl('rollout', 'history', 'deployment/web')).toMatch(/\n3 .*\n4 .*\n/)

    expect(await kubectl('rollout', 'pause', 'deployment/web')).toBe('deployment.apps/web paused\n')
    await kubectl('set', 'image', 'deployment/web', 'nginx=nginx:3')
    await kubectl('wait', 'deployment/web', '--for=condition=Progressing=Unknown', '--timeout=20s')
    await onlyImage('nginx:2')
    expect(await attempt(['rollout', 'undo', 'deployment/web'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('you cannot rollback a paused deployment'),
    })
    expect(await kubectl('rollout', 'resume', 'deployment/web')).toBe('deployment.apps/web resumed\n')
    await status()
    await onlyImage('nginx:3')

    const before = await kubectl('get', 'pods', '-l', 'app=web', '-o', 'name')
    expect(await kubectl('rollout', 'restart', 'deployment/web')).toBe('deployment.apps/web restarted\n')
    await status()
    // A rollout is over when the old pods are ending, which is before they are gone.
    await eventually('the old pods to be gone', async () => {
      const after = (await kubectl('get', 'pods', '-l', 'app=web', '-o', 'name')).trim().split('\n')
      return after.some((name) => before.includes(name)) ? undefined : true
    })
  })

  it('explains fields', async () => {
    const explained = await kubectl('explain', 'deployment.spec.strategy')
    expect(explained).toMatch(/^KIND: +Deployment$/m)
    expect(explained).toMatch(/^VERSION: +v1$/m)
    expect(explained).toMatch(/FIELD: strategy <DeploymentStrategy>/)
    expect(explained).toMatch(/^ {2}rollingUpdate\s+<RollingUpdateDeployment>/m)
    expect(explained).toMatch(/^ {2}type\s+<string>/m)
    expect(await kubectl('explain', 'pods', '--recursive')).toMatch(/imagePullPolicy\s+<string>/)
    expect(await attempt(['explain', 'pod.spec.nonsense'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('field "nonsense" does not exist'),
    })
  })

  it('tells who may do what, and gives tokens', async () => {
    const account = `system:serviceaccount:${namespace}:default`
    expect(await kubectl('auth', 'can-i', 'create', 'pods')).toBe('yes\n')
    expect(await attempt(['auth', 'can-i', 'create', 'pods', '--as', account])).toMatchObject({
      code: 1,
      stdout: 'no\n',
    })
    await kubectl('create', 'role', 'reader', '--verb=get,list', '--resource=pods')
    await kubectl('create', 'rolebinding', 'readers', '--role=reader', `--serviceaccount=${namespace}:default`)
    expect(await kubectl('auth', 'can-i', 'list', 'pods', '--as', account)).toBe('yes\n')
    expect(await kubectl('auth', 'can-i', '--list', '--as', account)).toMatch(/^pods +\[\] +\[\] +\[get list\]$/m)
    const token = (await kubectl('create', 'token', 'default')).trim()
    expect(token.split('.')).toHaveLength(3)
    const asAccount = (...args: string[]) =>
      run(kubectlOf(version), ['--kubeconfig', empty, ...connection, '--token', token, '-n', namespace, ...args])
    const empty = file('empty.yaml', '')
    const ca = file('ca.crt', cluster.pki('ca.crt'))
    const connection = ['--server', `https://127.0.0.1:${cluster.config().apiPort}`, '--certificate-authority', ca]
    expect((await asAccount('get', 'pods', '-o', 'name')).stdout).toMatch(/^pod\/web-/)
    expect(await asAccount('get', 'secrets')).toMatchObject({
      code: 1,
      stderr: `Error from server (Forbidden): secrets is forbidden: User "${account}" cannot list resource "secrets" in API group "" in the namespace "${namespace}"\n`,
    })
    expect(await kubectl('auth', 'whoami', '-o', 'jsonpath={.status.userInfo.groups}')).toContain(
      'system:authenticated',
    )
  })

  it('says that there are no metrics', async () => {
    for (const kind of ['pods', 'nodes']) {
      expect(await attempt(['top', kind])).toMatchObject({ code: 1, stderr: 'error: Metrics API not available\n' })
    }
  })

  it('cordons, drains with respect for budgets, uncordons and taints nodes', async () => {
    expect(await kubectl('cordon', node)).toBe(`node/${node} cordoned\n`)
    expect((await table('nodes'))[1]?.[1]).toBe('Ready,SchedulingDisabled')
    const drain = ['drain', node, '--ignore-daemonsets', '--delete-emptydir-data', '--pod-selector=app=web']
    // kubectl asks again only every five seconds; once is enough.
    if (version === 'v35') {
      await kubectl('create', 'poddisruptionbudget', 'web', '--selector=app=web', '--min-available=3')
      await kubectl('wait', 'pdb/web', '--for=jsonpath={.status.currentHealthy}=3', '--timeout=20s')
      const held = await attempt([...drain, '--timeout=2s'])
      expect(held.code).toBe(1)
      expect(held.stderr).toContain("Cannot evict pod as it would violate the pod's disruption budget.")
      expect(await kubectl('get', 'pods', '-l', 'app=web', '-o', 'name')).toContain('web-')
      await kubectl('delete', 'pdb', 'web')
    }
    const drained = await attempt([...drain, '--timeout=30s'])
    expect(drained).toMatchObject({ code: 0 })
    expect(drained.stdout).toMatch(/^pod\/web-\S+ evicted$/m)
    expect(drained.stdout).toContain(`node/${node} drained`)
    await eventually('pods that wait', async () => {
      const rows = await table('pods', '-l', 'app=web', '--no-headers')
      return rows.length === 3 && rows.every((row) => row[1] === '0/1' && row[2] === 'Pending') ? true : undefined
    })
    expect(await kubectl('uncordon', node)).toBe(`node/${node} uncordoned\n`)
    await kubectl('rollout', 'status', 'deployment/web', '--timeout=30s')

    expect(await kubectl('taint', 'nodes', node, 'for=others:NoSchedule')).toBe(`node/${node} tainted\n`)
    await kubectl('run', 'unwanted', '--image=nginx:1')
    await kubectl('wait', 'pod/unwanted', '--for=condition=PodScheduled=False', '--timeout=20s')
    expect(
      await kubectl('get', 'pod', 'unwanted', '-o', 'jsonpath={.status.conditions[?(@.type=="PodScheduled")].message}'),
    ).toMatch(/^0\/1 nodes are available: 1 node\(s\) had untolerated taint/)
    expect(await kubectl('taint', 'nodes', node, 'for:NoSchedule-')).toBe(`node/${node} untainted\n`)
    await kubectl('wait', 'pod/unwanted', '--for=condition=Ready', '--timeout=30s')
    expect(await kubectl('delete', 'pod', 'unwanted', '--now')).toContain('pod "unwanted" deleted')
  })

  it('deletes in the foreground, leaves orphans when asked to', async () => {
    const sets = async () => (await kubectl('get', 'rs', '-l', 'app=web', '-o', 'name')).trim().split('\n')
    const before = await sets()
    expect(await kubectl('delete', 'deployment', 'web', '--cascade=orphan')).toMatch(/^deployment\.apps "web" deleted/)
    expect(await sets()).toEqual(before)
    await eventually('sets without an owner', async () =>
      (await kubectl('get', 'rs', '-l', 'app=web', '-o', 'jsonpath={.items[*].metadata.ownerReferences}')) === ''
        ? true
        : undefined,
    )
    expect((await table('pods', '-l', 'app=web', '--no-headers')).length).toBe(3)
    await kubectl('delete', 'rs', '-l', 'app=web', '--cascade=foreground')
    expect(await kubectl('get', 'pods', '-l', 'app=web', '-o', 'name')).toBe('')
    expect(await attempt(['delete', 'deployment', 'web'])).toMatchObject({
      code: 1,
      stderr: 'Error from server (NotFound): deployments.apps "web" not found\n',
    })
    expect(await kubectl('delete', 'deployment', 'web', '--ignore-not-found')).toBe('')
    expect(await kubectl('delete', 'namespace', namespace)).toBe(`namespace "${namespace}" deleted\n`)
    expect((await attempt(['get', 'namespace', namespace])).code).toBe(1)
  })
})
