// Renders containerd's configuration file (version 2, which containerd 1.6 and 2.x both read).

export interface ContainerdConfig {
  readonly rootDir: string
  readonly stateDir: string
  readonly socketPath: string
  readonly sandboxImage: string
  readonly cniConfDir: string
  readonly cniBinDir: string
  /** Per-host registry configuration (`certs.d`). */
  readonly registryHostsDir: string
  readonly snapshotter: 'overlayfs' | 'native'
  /** This process may not lower oom_score_adj, so containers must not ask for it. */
  readonly restrictOomScoreAdj: boolean
  readonly maxContainerLogLineSize: number
}

// What would touch paths or kernel features that no cluster needs, or that two containerds would fight over.
const DISABLED_PLUGINS = [
  'io.containerd.snapshotter.v1.aufs',
  'io.containerd.snapshotter.v1.blockfile',
  'io.containerd.snapshotter.v1.btrfs',
  'io.containerd.snapshotter.v1.devmapper',
  'io.containerd.snapshotter.v1.erofs',
  'io.containerd.snapshotter.v1.zfs',
  'io.containerd.internal.v1.opt',
  'io.containerd.internal.v1.tracing',
  'io.containerd.tracing.processor.v1.otlp',
  'io.containerd.nri.v1.nri',
]

/** The text of config.toml. */
export function renderContainerdConfig(config: ContainerdConfig): string {
  const cri = 'plugins."io.containerd.grpc.v1.cri"'
  return [
    section('', {
      version: 2,
      root: config.rootDir,
      state: config.stateDir,
      disabled_plugins: DISABLED_PLUGINS,
    }),
    section('grpc', { address: config.socketPath }),
    section('debug', { level: 'warn' }),
    section(cri, {
      sandbox_image: config.sandboxImage,
      stream_server_address: '127.0.0.1',
      stream_server_port: '0',
      enable_unprivileged_ports: true,
      enable_unprivileged_icmp: true,
      restrict_oom_score_adj: config.restrictOomScoreAdj,
      max_container_log_line_size: config.maxContainerLogLineSize,
      netns_mounts_under_state_dir: true,
    }),
    section(`${cri}.cni`, { bin_dir: config.cniBinDir, conf_dir: config.cniConfDir }),
    section(`${cri}.containerd`, { snapshotter: config.snapshotter, default_runtime_name: 'runc' }),
    section(`${cri}.containerd.runtimes.runc`, { runtime_type: 'io.containerd.runc.v2' }),
    section(`${cri}.containerd.runtimes.runc.options`, { SystemdCgroup: false, Root: `${config.stateDir}/runc` }),
    section(`${cri}.registry`, { config_path: config.registryHostsDir }),
  ].join('\n')
}

function section(name: string, values: Record<string, string | number | boolean | readonly string[]>): string {
  const lines = Object.entries(values).map(([key, value]) => `${key} = ${JSON.stringify(value)}`)
  return `${[...(name === '' ? [] : [`[${name}]`]), ...lines].join('\n')}\n`
}
