// Which half of the program a command line is for: sampan's own commands, or kubectl's.
const { basename } = require('node:path')

/** Sampan's own commands; every other word is kubectl's. */
const ownVerbs = [
  'up',
  'down',
  'status',
  'delete',
  'node',
  'join',
  'kubeconfig',
  'image',
  'ingress',
  'doctor',
  'version',
  'completion',
  'server',
]

/**
 * The bundle that `words` are for; `script` is the name under which the program was called.
 * @param {string} script
 * @param {readonly string[]} words
 * @returns {'sampan' | 'kubectl'}
 */
function bundleFor(script, words) {
  if (basename(script).startsWith('kubectl')) return 'kubectl'
  const [verb, ...rest] = words
  if (verb === undefined || verb === '--help' || verb === '-h') return 'sampan'
  if (verb === 'help') return rest.length === 0 || ownVerbs.includes(rest[0]) ? 'sampan' : 'kubectl'
  // A word that is to be completed is for whoever the words before it are for.
  if (verb.startsWith('__complete')) return bundleFor(script, rest.slice(0, -1))
  // Two verbs belong to both: what is deleted, and whose version is asked for, tells them apart.
  if (verb === 'delete') return onlyNamesCluster(rest) ? 'sampan' : 'kubectl'
  if (verb === 'version') return rest.every((word) => word === '--help' || word === '-h') ? 'sampan' : 'kubectl'
  return ownVerbs.includes(verb) ? 'sampan' : 'kubectl'
}

/** Whether nothing but `--name NAME` and help is said. */
function onlyNamesCluster(words) {
  for (let i = 0; i < words.length; i++) {
    if (words[i] === '--name') i++
    else if (!/^(--name=.*|--help|-h)$/.test(words[i])) return false
  }
  return true
}

module.exports = { ownVerbs, bundleFor }
