// The five texts of 2015 to 2019: each page of docs/tutorials is run from its first command to its last.

import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { chromium } from 'playwright-core'
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

/** What a browser sees at a place of the page: after a command, at an address, a text. */
interface Look {
  readonly after: string
  readonly url: string
  readonly shows: RegExp
}

const LOOKS: Record<(typeof TEXTS)[number], readonly Look[]> = {
  '1-guestbook-v1beta1': [
    {
      after: 'until curl -sf "localhost:8000/index.php?cmd=get&key=messages" | grep jay; do :; done',
      url: 'http://localhost:8000/',
      shows: /jay_sais_hi[\s\S]*frontend-controller-/,
    },
  ],
  '2-guestbook-rc': [
    {
      after: "until curl -sf 'localhost:30001/index.php?cmd=get&key=messages' | grep Hello; do :; done",
      url: 'http://localhost:30001/',
      shows: /Hello World![\s\S]*frontend-/,
    },
  ],
  '3-django-ingress': [
    {
      after: "curl -s -o /dev/null -w '%{http_code}\\n' -H 'Host: nobody.example.com' http://localhost:$HTTP/foo",
      url: 'http://bar.baz.com:$HTTP/bar',
      shows: /hello from django-y-\w+: bar\.baz\.com/,
    },
  ],
  '4-hello-counter': [{ after: 'curl -s http://localhost/', url: 'http://localhost/', shows: /Hello Shiyanlou! # 3/ }],
  '5-key-value-app': [
    {
      after:
        "until curl -s '127.0.0.1:30003/get?key=key_1' | tee /tmp/sampan-get.json | grep -q 'get key_1: value_1'; do :; done",
      url: 'http://localhost:30003/get?key=key_1',
      shows: /get key_1: value_1[\s\S]*role:slave/,
    },
  ],
}

async function lookAt({ url, shows }: Look, shell: PageShell): Promise<void> {
  const address = (await shell.run(`echo "${url}"`)).trim()
  const browser = await chromium.launch({
    executablePath: '/usr/bin/chromium',
    // The Ingress goes by host names that no DNS has.
    args: ['--no-sandbox', '--disable-gpu', '--no-first-run', '--host-resolver-rules=MAP *.baz.com 127.0.0.1'],
  })
  try {
    const page = await browser.newPage()
    await page.goto(address)
    await page
      .getByText(shows)
      .or(page.locator('body', { hasText: shows }))
      .first()
      .waitFor({ timeout: 15_000 })
    expect(await page.textContent('body')).toMatch(shows)
  } finally {
    await browser.close()
  }
}

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
        for (const look of LOOKS[name].filter((l) => l.after === command)) await lookAt(look, shell)
        if (expected === undefined) return
        const wanted = shell.comparable(expected.join('\n'))
        if (!matches(wanted, said)) expect(said).toEqual(wanted)
      },
    )
  })
})
