// npm stop: stops the cluster and leaves its data.
import { asRoot, ensureBuild, ensureDependencies, runWords } from './setup.mjs'

ensureDependencies()
ensureBuild()
runWords(asRoot('bin/sampan.cjs', 'down', ...process.argv.slice(2)))
