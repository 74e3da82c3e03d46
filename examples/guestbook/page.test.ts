import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort, startGuestbook, startRedis, type TestGuestbook, type TestRedis, whatIsMissing } from './testing.ts'

const CHROMIUM = '/usr/bin/chromium'
const missing = whatIsMissing(CHROMIUM)
if (missing !== '') console.warn(`SKIPPED: the guestbook's page is not tested here: ${missing}`)

describe.skipIf(missing !== '')("the guestbook's page", () => {
  let browser: Browser
  let page: Page
  let redis: TestRedis
  let port: number
  let guestbook: TestGuestbook
  const problems: string[] = []

  beforeAll(async () => {
    port = await freePort()
    guestbook = await startGuestbook({ master: port, replica: port, hostname: 'frontend-x7k2p' })
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
    page = await browser.newPage({ viewport: { width: 1000, height: 760 } })
    page.on('pageerror', (error) => problems.push(error.message))
    await page.goto(guestbook.url)
  }, 60_000)
  afterAll(async () => {
    await browser?.close()
    await guestbook?.stop()
    await redis?.stop()
  })

  const items = () => page.locator('#messages li').allTextContents()

  it('waits for redis, and says so', async () => {
    await page.getByRole('status').getByText('Redis is not there yet').waitFor()
    await page.getByText('Served by pod frontend-x7k2p').waitFor()
    redis = await startRedis({ port })
    await page.getByText('No messages yet').waitFor()
    expect(await page.getByRole('status').count()).toBe(0)
  })

  it('adds a message without a reload', async () => {
    await page.evaluate(() => Object.assign(globalThis, { sameDocument: true }))
    for (const text of ['Hello from the first visitor', '<b>not markup</b>', 'Hello from the first visitor']) {
      await page.getByLabel('Your message').fill(text)
      await page.getByRole('button', { name: 'Submit' }).click()
      await expect.poll(() => page.getByLabel('Your message').inputValue(), { timeout: 5000 }).toBe('')
    }
    await page.locator('#messages li:not(.pending)').nth(2).waitFor()
    expect(await items()).toEqual(['Hello from the first visitor', '<b>not markup</b>', 'Hello from the first visitor'])
    expect(await page.evaluate(() => 'sameDocument' in globalThis)).toBe(true)
  })

  it('shows what others write', async () => {
    const body = JSON.stringify({ message: 'Greetings from elsewhere' })
    await fetch(`${guestbook.url}/api/messages`, { method: 'POST', body })
    await page.getByText('Greetings from elsewhere').waitFor()
    expect(await page.locator('#count').textContent()).toBe('4')
    expect(problems).toEqual([])
  })
})
