// Every kubectl command, in the order in which help lists them; the code of each is loaded when it is used.

import type { CommandEntry } from '../command.ts'

const INTERMEDIATE = 'Basic Commands (Intermediate):'
const CLUSTER = 'Cluster Management Commands:'
const TROUBLE = 'Troubleshooting and Debugging Commands:'
const SETTINGS = 'Settings Commands:'
const OTHER = 'Other Commands:'

export const entries: readonly CommandEntry[] = [
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
    name: 'describe',
    short: 'Show details of a specific resource or group of resources',
    group: TROUBLE,
    load: async () => (await import('./describe.ts')).describe,
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
    name: 'version',
    short: 'Print the client and server version information',
    group: OTHER,
    load: async () => (await import('./version.ts')).version,
  },
  {
    name: 'completion',
    short: 'Output shell completion code for the specified shell (bash, zsh, fish, or powershell)',
    group: SETTINGS,
    load: async () => (await import('./completion.ts')).completionOf(() => entries),
  },
  {
    name: 'options',
    short: 'Print the list of flags inherited by all commands',
    load: async () => (await import('./options.ts')).options,
  },
]
