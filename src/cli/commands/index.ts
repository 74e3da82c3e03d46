// Every command, in the order in which help lists them.

import type { CommandEntry } from '../command.ts'

export const commands: readonly CommandEntry[] = [
  { name: 'up', summary: 'Start the cluster', load: async () => (await withServer()).up },
  { name: 'down', summary: 'Stop the cluster and keep its data', load: async () => (await withServer()).down },
  { name: 'status', summary: 'Show how the cluster is doing', load: async () => (await import('./status.ts')).status },
  {
    name: 'delete',
    summary: 'Remove the cluster with all its data',
    load: async () => (await withServer()).deleteCommand,
  },
  { name: 'node', summary: 'Add and remove nodes', load: async () => (await withServer()).node },
  { name: 'join', summary: 'Make this machine a node of a cluster', load: async () => (await withServer()).join },
  {
    name: 'kubeconfig',
    summary: "Print the cluster's kubeconfig",
    load: async () => (await import('./kubeconfig.ts')).kubeconfig,
  },
  {
    name: 'image',
    summary: 'Make, load, list and remove images',
    load: async () => (await import('./image.ts')).image,
  },
  {
    name: 'ingress',
    summary: 'Look into the ingress controller',
    load: async () => (await import('./ingress.ts')).ingress,
  },
  {
    name: 'doctor',
    summary: 'Show what this machine lacks and how to get it',
    load: async () => (await import('./doctor.ts')).doctor,
  },
  { name: 'version', summary: 'Print the version', load: async () => (await import('./version.ts')).version },
  {
    name: 'completion',
    summary: 'Print a completion script for a shell',
    load: async () => (await import('./completion.ts')).completion,
  },
  {
    name: 'server',
    summary: 'Run the cluster in this process',
    hidden: true,
    load: async () => (await withServer()).server,
  },
]

/** The commands that need the server's code. The build makes a bundle of its own of them. */
function withServer() {
  return import('./with-server.ts')
}
