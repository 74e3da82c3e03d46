import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openLmdbLog } from './lmdb/lmdb-log.ts'
import { openLogStore } from './log-store.ts'
import { memoryLog } from './memory/memory-log.ts'
import { storeSuite } from './store.suite.ts'

const onFatal = (error: unknown) => {
  throw error
}

storeSuite('memory', async (clock) => {
  const store = openLogStore({ log: memoryLog(), clock, onFatal })
  return { store, dispose: () => store.close() }
})

storeSuite('lmdb', async (clock) => {
  const dir = mkdtempSync(join(tmpdir(), 'sampan-store-'))
  let store = openLogStore({ log: openLmdbLog(dir), clock, onFatal })
  return {
    store,
    async reopen() {
      await store.close()
      store = openLogStore({ log: openLmdbLog(dir), clock, onFatal })
      return store
    },
    async dispose() {
      await store.close()
      rmSync(dir, { recursive: true })
    },
  }
})
