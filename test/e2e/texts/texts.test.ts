// The five texts of 2015 to 2019: each page of docs/tutorials is run from its first command to its last.

import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { canRunContainers, run, startCluster, type TestCluster } from '../support/cluster.ts'
import { matches, openShell, type PageShell, stepsOf } from './page.ts'

const root = fileURLToPath(new URL('../../..', import.meta.url))
const TEXTS = [
  '1-guestbook-v1beta1',
  '2-guestbook-rc',
  '3-django-ingress',
  '4-hello-counter',
  '5-key-value-app',
] as const

describe.each(TEXTS)('the text %s', (name) => {
  const steps = stepsOf(`${name}.md`)

  it('has the same commands in English and Chinese', () => {
    expect(steps.length).toBeGreaterThan(5)
    expect(stepsOf(`${name}.zh.md`)).toEqual(steps)
  })

  describe.skipIf(!canRunContainers)('runs as its page says', () => {
    let cluster: TestCluster
    let shell: PageShell
    beforeAll(async () => {
      cluster = await startCluster()
      const { code, stderr } = await run(process.execPath, [join(root, 'dist/texts.cjs'), '--name', cluster.name])
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
      shell = await openShell(cluster, name)
    })
    afterAll(async () => {
      shell?.close()
      await cluster?.remove()
    })

    it.each(steps.map((step, i) => ({ ...step, title: `${i + 1}: ${step.command.split('\n')[0]}` })))(
      '$title',
      async ({ command, expected }) => {
        const said = shell.comparable(await shell.run(command))
        if (expected === undefined) return
        const wanted = shell.comparable(expected.join('\n'))
        if (!matches(wanted, said)) expect(said).toEqual(wanted)
      },
    )
  })
})
