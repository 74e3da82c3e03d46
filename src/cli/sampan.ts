// dev entry
import { createSupervisor } from '../main/supervisor.ts'
import { startCluster } from '../main/cluster.ts'
import { clusterPaths } from '../main/config.ts'
import { systemClock } from '../machinery/clock.ts'
import { jsonLogger } from '../machinery/logger.ts'
import { systemRandom } from '../machinery/random.ts'
const log = jsonLogger({ write: (l) => process.stderr.write(l), level: 'info', now: () => Date.now() })
const supervisor = createSupervisor({ log, onFailure: () => process.exit(1) })
void startCluster({ config: { name: 'dev', nodeName: 'dev', apiPort: 16443, kubeletPort: 11250, registryPort: 5000, serviceCidr: '10.98.0.0/16', podCidr: '10.246.0.0/16', nodePorts: { from: 30000, to: 32767 }, clusterDomain: 'cluster.local', runtime: 'simulated' }, paths: clusterPaths({ data: '/tmp/dev', run: '/tmp/dev-run' }, 'dev'), nodeIP: '192.0.2.2', clock: systemClock, random: systemRandom, log, supervisor }).catch((e) => { console.error(e); process.exit(1) })
