// npm start: sets everything up, starts a cluster, runs the guestbook on it, prints its address.
// Options: --no-install (only list missing packages), --name NAME.
import { asRoot, ensureBuild, ensureDependencies, ensurePackages, packages, runWords } from './setup.mjs'

const args = process.argv.slice(2)
const rest = args.filter((a) => a !== '--no-install')

ensurePackages(packages.start, { noInstall: args.includes('--no-install') })
ensureDependencies()
ensureBuild()
runWords(asRoot('bin/sampan.cjs', 'up', ...rest))
// The guestbook is deployed by a program of its own, as any user of the cluster could.
runWords(asRoot('dist/guestbook.cjs', ...rest))
