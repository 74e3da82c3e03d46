// One script of commands, typed with every stock kubectl from 1.20 to 1.35 against one cluster.

import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run, startCluster, type TestCluster } from './support/cluster.ts'
import { type KubectlVersion, kubectlOf, kubectlVersions, oldKubectlVersions } from './support/kubectl.ts'
import { eventually } from './support/wait.ts'

const SETTINGS = `
apiVersion: v1
kind: ConfigMap
metadata:
  name: settings
data:
  a: "A"
`

const WEB = `
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
      - {name: web, image: "nginx:1", ports: [{containerPort: 80}]}
`

const EDITOR = 'sed -i "s/c: C/c: edited/" "$1"\n'

/** A command, what it prints (standard output, then error), and the minor version that first knows it. */
type Line = readonly [command: string, prints: RegExp, since?: number]

const SCRIPT: readonly Line[] = [
  ['version', /Server Version: (v1\.36\.|version\.Info\{Major:"1", Minor:"36")/],
  ['cluster-info', /is running at/],
  ['api-versions', /^apps\/v1$/m],
  ['api-resources --api-group=apps -o name', /^deployments\.apps$/m],
  ['get nodes', /^NAME +STATUS +ROLES +AGE +VERSION\n\S+ +Ready /],
  ['get namespaces -o name', /^namespace\/kube-system$/m],
  ['create configmap literal --from-literal=k=v', /^configmap\/literal created$/m],
  ['create configmap literal --from-literal=k=v', /configmaps "literal" already exists/],
  ['get configmap literal -o jsonpath={.data.k}', /^v$/],
  ['get configmap literal -o yaml', /^apiVersion: v1\ndata:\n {2}k: v\nkind: ConfigMap\n/],
  ['get configmap literal -o custom-columns=N:.metadata.name', /^N\nliteral\n/],
  ['get configmap literal -o go-template={{.metadata.name}}', /^literal$/],
  ['create secret generic hidden --from-literal=p=q', /^secret\/hidden created$/m],
  ['get secret hidden -o jsonpath={.data.p}', /^cQ==$/],
  ['create serviceaccount robot', /^serviceaccount\/robot created$/m],
  ['create role reader --verb=get,list --resource=pods', /created$/m],
  ['create rolebinding readers --role=reader --serviceaccount=NAMESPACE:robot', /created$/m],
  ['auth can-i list pods --as=system:serviceaccount:NAMESPACE:robot', /^yes$/m],
  ['auth can-i create pods --as=system:serviceaccount:NAMESPACE:robot', /^no$/m],
  ['auth can-i --list --as=system:serviceaccount:NAMESPACE:robot', /^pods +\[\] +\[\] +\[get list\]/m],
  ['create token robot', /^[\w-]+\.[\w-]+\.[\w-]+$/m, 24],
  ['create quota bound --hard=configmaps=20', /resourcequota\/bound created/],
  ['create job once --image=nginx:1', /job\.batch\/once created/],
  ['create cronjob often --image=nginx:1 --schedule=@hourly', /cronjob\.batch\/often created/, 21],
  ['create ingress front --rule=a.example/*=web:80', /ingress\.networking\.k8s\.io\/front created/],
  ['create poddisruptionbudget web --selector=app=web --min-available=1', /poddisruptionbudget.* created/, 21],
  ['diff -f SETTINGS', /^\+ {2}a: A$/m],
  ['apply -f SETTINGS', /^configmap\/settings created$/m],
  ['apply -f SETTINGS', /^configmap\/settings unchanged$/m],
  ['apply view-last-applied configmap/settings', /^ {2}a: A$/m],
  ['apply -f SETTINGS --dry-run=server', /^configmap\/settings unchanged \(server dry run\)$/m],
  ['apply -f WEB --dry-run=client', /^deployment\.apps\/web created \(dry run\)$/m],
  ['apply -f WEB', /^deployment\.apps\/web created$/m],
  ['rollout status deployment/web --timeout=30s', /successfully rolled out/],
  ['get deployment web', /^NAME +READY +UP-TO-DATE +AVAILABLE +AGE\nweb +2\/2 +2 +2 /],
  ['get deployment web -o wide', /CONTAINERS +IMAGES +SELECTOR\n.* web +nginx:1 +app=web$/m],
  ['get pods -l app=web -o wide --sort-by=.metadata.name', /^web-\S+ +1\/1 +Running +0 +/m],
  ['get pods --field-selector=status.phase=Running -o name', /^pod\/web-/m],
  ['get all', /^deployment\.apps\/web +2\/2 /m],
  ['describe deployment web', /^Replicas: +2 desired \| 2 updated \| 2 total \| 2 available \| 0 unavailable$/m],
  ['describe pod -l app=web', /^Controlled By: +ReplicaSet\/web-/m],
  ['explain deployment.spec.replicas', /integer/],
  ['explain pods --recursive', /imagePullPolicy/],
  ['expose deployment web --port=80 --type=NodePort', /^service\/web exposed$/m],
  ['get service web', /^web +NodePort +\S+ +<none> +80:\d+\/TCP /m],
  ['get endpoints web', /^web +\d+\.\d+\.\d+\.\d+:80,/m],
  ['scale deployment web --replicas=3', /^deployment\.apps\/web scaled$/m],
  ['wait deployment/web --for=condition=Available --timeout=30s', /^deployment\.apps\/web condition met$/m],
  ['set image deployment/web web=nginx:2', /^deployment\.apps\/web image updated$/m],
  ['rollout status deployment/web --timeout=30s', /successfully rolled out/],
  ['rollout history deployment/web', /REVISION +CHANGE-CAUSE\n1 .*\n2 /],
  ['rollout undo deployment/web', /^deployment\.apps\/web rolled back$/m],
  ['rollout restart deployment/web', /^deployment\.apps\/web restarted$/m],
  ['autoscale deployment web --max=4', /^horizontalpodautoscaler\.autoscaling\/web autoscaled$/m],
  ['get hpa web', /^web +Deployment\/web +/m],
  ['label configmap settings colour=blue', /^configmap\/settings labeled$/m],
  ['get configmap -l colour=blue -o name', /^configmap\/settings$/m],
  ['annotate configmap settings note=hi', /^configmap\/settings annotated$/m],
  ['patch configmap settings -p {"data":{"b":"B"}}', /^configmap\/settings patched$/m],
  ['patch configmap settings --type=merge -p {"data":{"b":null}}', /^configmap\/settings patched$/m],
  ['patch configmap settings --type=json -p [{"op":"add","path":"/data/c","value":"C"}]', /patched$/m],
  ['get configmap settings -o jsonpath={.data}', /^\{"a":"A","c":"C"\}$/],
  ['edit configmap settings', /^configmap\/settings edited$/m],
  ['replace -f SETTINGS', /^configmap\/settings replaced$/m],
  ['apply -f SETTINGS --server-side --force-conflicts', /^configmap\/settings serverside-applied$/m],
  ['run single --image=nginx:1', /^pod\/single created$/m],
  ['wait pod/single --for=condition=Ready --timeout=30s', /^pod\/single condition met$/m],
  ['taint nodes NODE for=NAMESPACE:PreferNoSchedule', /tainted$/m],
  ['taint nodes NODE for-', /untainted$/m],
  ['cordon NODE', / cordoned$/m],
  ['uncordon NODE', / uncordoned$/m],
  ['get events', /^LAST SEEN +TYPE +REASON +OBJECT +MESSAGE$/m],
  ['get componentstatuses', /^NAME +STATUS +MESSAGE +ERROR/m],
  ['get --raw /healthz', /^ok$/],
  ['top pods', /Metrics API not available/],
  ['delete pod single --now', /^pod "single" deleted/m],
  ['delete deployment web', /^deployment\.apps "web" deleted/m],
  ['delete -f SETTINGS', /^configmap "settings" deleted/m],
  ['get configmap settings', /configmaps "settings" not found/],
  ['delete namespace NAMESPACE', /^namespace "with-\w+" deleted/m],
]

let cluster: TestCluster
let node: string
beforeAll(async () => {
  cluster = await startCluster({ runtime: 'simulated' })
  node = await cluster.kubectl('get', 'nodes', '-o', 'jsonpath={.items[0].metadata.name}')
})
afterAll(() => cluster?.remove())

describe.each([...oldKubectlVersions, ...kubectlVersions])('the script with kubectl %s', (version) => {
  const namespace = `with-${version}`
  const kubectl = (words: readonly string[]) =>
    run(kubectlOf(version), ['-n', namespace, ...words], {
      env: { KUBECONFIG: cluster.kubeconfig, KUBE_EDITOR: `sh ${join(cluster.dir, 'EDITOR')}` },
    })

  beforeAll(async () => {
    for (const [name, text] of Object.entries({ SETTINGS, WEB, EDITOR })) writeFileSync(join(cluster.dir, name), text)
    expect((await kubectl(['create', 'namespace', namespace])).stdout).toContain('created')
    await eventually('the default service account', async () =>
      (await kubectl(['get', 'serviceaccount', 'default'])).code === 0 ? true : undefined,
    )
  })

  it.each(SCRIPT.filter(([, , since = 0]) => since <= minorOf(version)).map((line) => [...line]))(
    '%s',
    async (command, prints) => {
      const words = String(command)
        .replaceAll('NAMESPACE', namespace)
        .replaceAll('NODE', node)
        .split(' ')
        .map((word) => (word === 'SETTINGS' || word === 'WEB' ? join(cluster.dir, word) : word))
      const { stdout, stderr } = await kubectl(words)
      expect(stdout + stderr).toMatch(prints as RegExp)
    },
  )
})

function minorOf(version: KubectlVersion): number {
  return Number(version.slice(1))
}
