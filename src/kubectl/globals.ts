// Flags that every kubectl command has.

import type { Flag } from './flags.ts'

/** In the order of `kubectl options`. */
export const globalFlags: readonly Flag[] = [
  {
    name: 'as',
    type: 'string',
    description:
      'Username to impersonate for the operation. User could be a regular user or a service account in a namespace.',
  },
  {
    name: 'as-group',
    type: 'strings',
    description: 'Group to impersonate for the operation, this flag can be repeated to specify multiple groups.',
  },
  { name: 'as-uid', type: 'string', description: 'UID to impersonate for the operation.' },
  {
    name: 'as-user-extra',
    type: 'strings',
    description:
      'User extras to impersonate for the operation, this flag can be repeated to specify multiple values for the same key.',
  },
  { name: 'cache-dir', type: 'string', description: 'Default cache directory' },
  { name: 'certificate-authority', type: 'string', description: 'Path to a cert file for the certificate authority' },
  { name: 'client-certificate', type: 'string', description: 'Path to a client certificate file for TLS' },
  { name: 'client-key', type: 'string', description: 'Path to a client key file for TLS' },
  { name: 'cluster', type: 'string', description: 'The name of the kubeconfig cluster to use' },
  { name: 'context', type: 'string', description: 'The name of the kubeconfig context to use' },
  {
    name: 'disable-compression',
    type: 'boolean',
    description: 'If true, opt-out of response compression for all requests to the server',
  },
  {
    name: 'insecure-skip-tls-verify',
    type: 'boolean',
    description:
      "If true, the server's certificate will not be checked for validity. This will make your HTTPS connections insecure",
  },
  { name: 'kubeconfig', type: 'string', description: 'Path to the kubeconfig file to use for CLI requests.' },
  { name: 'kuberc', type: 'string', description: 'Path to the kuberc file to use for preferences.' },
  {
    name: 'log-flush-frequency',
    type: 'duration',
    description: 'Maximum number of seconds between log flushes',
    fallback: '5s',
  },
  { name: 'match-server-version', type: 'boolean', description: 'Require server version to match client version' },
  {
    name: 'namespace',
    short: 'n',
    type: 'string',
    description: 'If present, the namespace scope for this CLI request',
  },
  { name: 'password', type: 'string', description: 'Password for basic authentication to the API server' },
  {
    name: 'profile',
    type: 'string',
    description: 'Name of profile to capture. One of (none|cpu|heap|goroutine|threadcreate|block|mutex|trace)',
    fallback: 'none',
  },
  {
    name: 'profile-output',
    type: 'string',
    description: 'Name of the file to write the profile to',
    fallback: 'profile.pprof',
  },
  {
    name: 'request-timeout',
    type: 'string',
    description:
      "The length of time to wait before giving up on a single server request. Non-zero values should contain a corresponding time unit (e.g. 1s, 2m, 3h). A value of zero means don't timeout requests.",
    fallback: '0',
  },
  { name: 'server', short: 's', type: 'string', description: 'The address and port of the Kubernetes API server' },
  {
    name: 'tls-server-name',
    type: 'string',
    description:
      'Server name to use for server certificate validation. If it is not provided, the hostname used to contact the server is used',
  },
  { name: 'token', type: 'string', description: 'Bearer token for authentication to the API server' },
  { name: 'user', type: 'string', description: 'The name of the kubeconfig user to use' },
  { name: 'username', type: 'string', description: 'Username for basic authentication to the API server' },
  {
    name: 'v',
    short: 'v',
    type: 'string',
    description: 'number for the log level verbosity',
    fallback: '0',
  },
  {
    name: 'vmodule',
    type: 'string',
    description: 'comma-separated list of pattern=N settings for file-filtered logging',
  },
  {
    name: 'warnings-as-errors',
    type: 'boolean',
    description: 'Treat warnings received from the server as errors and exit with a non-zero exit code',
  },
]
