// The layers: imports flow api <- machinery <- store <- apiserver; components reach the cluster through client; main composes.
const only = (name, from, allowed) => ({
  name,
  severity: 'error',
  from: { path: `^src/${from}/`, pathNot: '\\.test\\.ts$' },
  to: { path: '^src/', pathNot: [from, ...allowed].map((dir) => `^src/${dir}/`) },
})
const component = ['api', 'machinery', 'client']

module.exports = {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    only('api-is-the-bottom', 'api', []),
    only('machinery', 'machinery', ['api']),
    only('store', 'store', ['api', 'machinery']),
    only('client', 'client', ['api', 'machinery']),
    only('apiserver', 'apiserver', ['api', 'machinery', 'store', 'client']),
    only('controllers', 'controllers', component),
    only('scheduler', 'scheduler', component),
    only('kubelet', 'kubelet', component),
    only('network', 'network', component),
    only('dns', 'dns', component),
    only('registry', 'registry', ['machinery']),
    only('kubectl', 'kubectl', component),
    only('images', 'images', ['machinery', 'registry']),
    {
      name: 'nothing-imports-main',
      severity: 'error',
      from: { pathNot: '^src/(main|cli)/|^(test|bench|examples)/|\\.test\\.ts$' },
      to: { path: '^src/main/' },
    },
  ],
  options: {
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
  },
}
