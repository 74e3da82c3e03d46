// Command lines of kubectl debug, and what they are about. DIR is the test's directory, NODE a node.

export const DEBUGGED = `
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}, annotations: {a: b}}
spec:
  securityContext: {runAsUser: 1000}
  initContainers: [{name: init, image: i}]
  containers:
  - name: web
    image: nginx
    args: [serve]
    livenessProbe: {httpGet: {path: /, port: 80}}
    readinessProbe: {httpGet: {path: /, port: 80}}
  - {name: side, image: side, command: [run], securityContext: {capabilities: {add: [SYS_TIME]}}}
`

export const CUSTOM_CONTAINER = `
env: [{name: X, value: "1"}]
securityContext: {runAsUser: 0, capabilities: {add: [CHOWN]}}
`

/** In this order, each in the namespace of whoever runs it. */
export const debugLines: readonly string[] = `
debug web --image=busybox -c d1
debug web --image=busybox -c d2 --profile=general
debug web --image=busybox -c d3 --profile=baseline
debug web --image=busybox -c d4 --profile=restricted --env=A=1,B=2 --env=C=3
debug web --image=busybox -c d5 --profile=netadmin --target=web
debug pod/web --image=busybox -c d6 --profile=sysadmin -q --image-pull-policy=Never
debug web --image=busybox -c d7 --arguments-only --profile=general -- a b
debug web --image=busybox -c d8 --profile=general --custom=DIR/custom.yaml -- sh
debug web --image=busybox
debug web --image=busybox --profile=general -q
debug web --copy-to=c1 --image=busybox -c d
debug web --copy-to=c2 --image=busybox -c d --profile=general
debug web --copy-to=c3 --set-image=*=busybox,side=x --profile=general
debug web --copy-to=c4 -c web --profile=baseline --keep-labels --keep-annotations --keep-liveness --keep-readiness --keep-init-containers=false -- sh -c x
debug web --copy-to=c5 -c side --image=other --profile=restricted --share-processes=false
debug web --copy-to=c6 --image=busybox -c d --profile=netadmin --same-node
debug web --copy-to=c7 --image=busybox -c d --profile=sysadmin --custom=DIR/custom.yaml
debug web --copy-to=c8 -c side --profile=general --arguments-only -- q
debug web --copy-to=c9 --image=busybox --profile=general
debug web --copy-to=c9 --image=busybox -c d --profile=general
debug node/NODE --image=busybox -c x
debug node/NODE --image=busybox --profile=general -- sleep 1
debug node/NODE --image=busybox --profile=baseline
debug node/NODE --image=busybox --profile=restricted
debug node/NODE --image=busybox --profile=netadmin
debug node/NODE --image=busybox --profile=sysadmin --env=A=1
debug
debug web
debug --image=busybox
debug web --image=UPPER
debug web --image=busybox --profile=nope
debug web --image=busybox --custom=/nope
debug web --image=busybox --env=X
debug web --image=busybox --same-node
debug web --image=busybox --replace
debug web --set-image=a=b
debug web --copy-to=x
debug web --copy-to=x -- sh
debug web --copy-to=x -c nope -- sh
debug web --copy-to=x --set-image=a=UPPER
debug web --image=busybox -t
debug web --image=busybox --copy-to=x --target=web
debug web --image=busybox --image-pull-policy=x
debug web --attach --copy-to=x
debug cm/x --image=busybox
debug svc/kubernetes -n default --image=busybox
debug nope --image=busybox
debug web nope --image=busybox -c dd --profile=general
debug -f DIR/web.yaml --image=busybox -c d9 --profile=general
debug web --copy-to=web2 --replace --image=busybox -c d --profile=general
`
  .split('\n')
  .filter((line) => line !== '')
