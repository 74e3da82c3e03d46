// Every kubectl command, in the order in which help lists them; the code of each is loaded when it is used.

import type { CommandEntry } from '../command.ts'

const BEGINNER = 'Basic Commands (Beginner):'
const INTERMEDIATE = 'Basic Commands (Intermediate):'
const DEPLOY = 'Deploy Commands:'
const CLUSTER = 'Cluster Management Commands:'
const TROUBLE = 'Troubleshooting and Debugging Commands:'
const ADVANCED = 'Advanced Commands:'
const SETTINGS = 'Settings Commands:'
const OTHER = 'Other Commands:'

export const entries: readonly CommandEntry[] = [
  {
    name: 'create',
    short: 'Create a resource from a file or from stdin',
    group: BEGINNER,
    load: async () => (await import('./create.ts')).create,
  },
  {
    name: 'expose',
    short: 'Take a replication controller, service, deployment or pod and expose it as a new Kubernetes service',
    group: BEGINNER,
    load: async () => (await import('./expose.ts')).expose,
  },
  {
    name: 'run',
    short: 'Run a particular image on the cluster',
    group: BEGINNER,
    load: async () => (await import('./run.ts')).run,
  },
  {
    name: 'set',
    short: 'Set specific features on objects',
    group: BEGINNER,
    load: async () => (await import('./set.ts')).set,
  },
  {
    name: 'explain',
    short: 'Get documentation for a resource',
    group: INTERMEDIATE,
    load: async () => (await import('./explain.ts')).explain,
  },
  {
    name: 'get',
    short: 'Display one or many resources',
    group: INTERMEDIATE,
    load: async () => (await import('./get.ts')).get,
  },
  {
    name: 'edit',
    short: 'Edit a resource on the server',
    group: INTERMEDIATE,
    load: async () => (await import('./edit.ts')).edit,
  },
  {
    name: 'delete',
    short: 'Delete resources by file names, stdin, resources and names, or by resources and label selector',
    group: INTERMEDIATE,
    load: async () => (await import('./delete.ts')).deleteCommand,
  },
  {
    name: 'rollout',
    short: 'Manage the rollout of a resource',
    group: DEPLOY,
    load: async () => (await import('./rollout.ts')).rollout,
  },
  {
    name: 'scale',
    short: 'Set a new size for a deployment, replica set, or replication controller',
    group: DEPLOY,
    load: async () => (await import('./scale.ts')).scale,
  },
  {
    name: 'autoscale',
    short: 'Auto-scale a deployment, replica set, stateful set, or replication controller',
    group: DEPLOY,
    load: async () => (await import('./autoscale.ts')).autoscale,
  },
  {
    name: 'rolling-update',
    aliases: ['rollingupdate'],
    short: 'Perform a rolling update of the given ReplicationController',
    load: async () => (await import('./rolling-update.ts')).rollingUpdate,
  },
  {
    name: 'resize',
    short: 'Set a new size for a resizable resource: now `scale`',
    load: async () => (await import('./resize.ts')).resize,
  },
  {
    name: 'stop',
    short: 'Gracefully shut down a resource by name or filename: now `delete`',
    load: async () => (await import('./stop.ts')).stop,
  },
  {
    name: 'certificate',
    short: 'Modify certificate resources',
    group: CLUSTER,
    load: async () => (await import('./certificate.ts')).certificate,
  },
  {
    name: 'cluster-info',
    aliases: ['clusterinfo'],
    short: 'Display cluster information',
    group: CLUSTER,
    load: async () => (await import('./cluster-info.ts')).clusterInfo,
  },
  {
    name: 'top',
    short: 'Display resource (CPU/memory) usage',
    group: CLUSTER,
    load: async () => (await import('./top.ts')).top,
  },
  {
    name: 'cordon',
    short: 'Mark node as unschedulable',
    group: CLUSTER,
    load: async () => (await import('./cordon.ts')).cordon,
  },
  {
    name: 'uncordon',
    short: 'Mark node as schedulable',
    group: CLUSTER,
    load: async () => (await import('./cordon.ts')).uncordon,
  },
  {
    name: 'drain',
    short: 'Drain node in preparation for maintenance',
    group: CLUSTER,
    load: async () => (await import('./drain.ts')).drain,
  },
  {
    name: 'taint',
    short: 'Update the taints on one or more nodes',
    group: CLUSTER,
    load: async () => (await import('./taint.ts')).taint,
  },
  {
    name: 'describe',
    short: 'Show details of a specific resource or group of resources',
    group: TROUBLE,
    load: async () => (await import('./describe.ts')).describe,
  },
  {
    name: 'logs',
    aliases: ['log'],
    short: 'Print the logs for a container in a pod',
    group: TROUBLE,
    load: async () => (await import('./logs.ts')).logs,
  },
  {
    name: 'attach',
    short: 'Attach to a running container',
    group: TROUBLE,
    load: async () => (await import('./attach.ts')).attach,
  },
  {
    name: 'exec',
    short: 'Execute a command in a container',
    group: TROUBLE,
    load: async () => (await import('./exec.ts')).exec,
  },
  {
    name: 'port-forward',
    short: 'Forward one or more local ports to a pod',
    group: TROUBLE,
    load: async () => (await import('./port-forward.ts')).portForward,
  },
  {
    name: 'proxy',
    short: 'Run a proxy to the Kubernetes API server',
    group: TROUBLE,
    load: async () => (await import('./proxy.ts')).proxy,
  },
  {
    name: 'cp',
    short: 'Copy files and directories to and from containers',
    group: TROUBLE,
    load: async () => (await import('./cp.ts')).cp,
  },
  {
    name: 'auth',
    short: 'Inspect authorization',
    group: TROUBLE,
    load: async () => (await import('./auth.ts')).auth,
  },
  {
    name: 'events',
    short: 'List events',
    group: TROUBLE,
    load: async () => (await import('./events.ts')).events,
  },
  {
    name: 'debug',
    short: 'Create debugging sessions for troubleshooting workloads and nodes',
    group: TROUBLE,
    load: async () => (await import('./debug.ts')).debug,
  },
  {
    name: 'diff',
    short: 'Diff the live version against a would-be applied version',
    group: ADVANCED,
    load: async () => (await import('./diff.ts')).diff,
  },
  {
    name: 'apply',
    short: 'Apply a configuration to a resource by file name or stdin',
    group: ADVANCED,
    load: async () => (await import('./apply.ts')).apply,
  },
  {
    name: 'patch',
    short: 'Update fields of a resource',
    group: ADVANCED,
    load: async () => (await import('./patch.ts')).patch,
  },
  {
    name: 'replace',
    aliases: ['update'],
    short: 'Replace a resource by file name or stdin',
    group: ADVANCED,
    load: async () => (await import('./replace.ts')).replace,
  },
  {
    name: 'wait',
    short: 'Wait for a specific condition on one or many resources',
    group: ADVANCED,
    load: async () => (await import('./wait.ts')).wait,
  },
  {
    name: 'kustomize',
    short: 'Build a kustomization target from a directory or URL',
    group: ADVANCED,
    load: async () => (await import('./kustomize.ts')).kustomize,
  },
  {
    name: 'convert',
    short: 'Convert config files between different API versions',
    group: ADVANCED,
    load: async () => (await import('./convert.ts')).convert,
  },
  {
    name: 'label',
    short: 'Update the labels on a resource',
    group: SETTINGS,
    load: async () => (await import('./label.ts')).label,
  },
  {
    name: 'annotate',
    short: 'Update the annotations on a resource',
    group: SETTINGS,
    load: async () => (await import('./annotate.ts')).annotate,
  },
  {
    name: 'alpha',
    short: 'Commands for features in alpha',
    group: OTHER,
    load: async () => (await import('./alpha.ts')).alpha,
  },
  {
    name: 'api-resources',
    short: 'Print the supported API resources on the server',
    group: OTHER,
    load: async () => (await import('./api-resources.ts')).apiResources,
  },
  {
    name: 'api-versions',
    short: 'Print the supported API versions on the server, in the form of "group/version"',
    group: OTHER,
    load: async () => (await import('./api-versions.ts')).apiVersions,
  },
  {
    name: 'config',
    short: 'Modify kubeconfig files',
    group: SETTINGS,
    load: async () => (await import('./config.ts')).config,
  },
  {
    name: 'plugin',
    short: 'Provides utilities for interacting with plugins',
    group: OTHER,
    load: async () => (await import('./plugin.ts')).pluginOf(() => entries),
  },
  {
    name: 'version',
    short: 'Print the client and server version information',
    group: OTHER,
    load: async () => (await import('./version.ts')).version,
  },
  {
    name: 'completion',
    short: 'Output shell completion code for the specified shell (bash, zsh, fish, or powershell)',
    group: SETTINGS,
    load: async () => (await import('./completion.ts')).completion,
  },
  {
    name: 'options',
    short: 'Print the list of flags inherited by all commands',
    load: async () => (await import('./options.ts')).options,
  },
]
