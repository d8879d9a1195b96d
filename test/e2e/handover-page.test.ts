/** A page in a real browser asks for a login: what the browser itself lets through, by the answers that the terminal gives it. */
import { join } from 'node:path'
import { _electron, type ElectronApplication, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { findElectron, root, sandboxArguments } from '../../build/electron.ts'
import { type HandoverServer, startHandoverServer } from '../../electron/handover/server.ts'

let app: ElectronApplication
let page: Page
let server: HandoverServer
let asked = 0

beforeAll(async () => {
  server = await startHandoverServer({
    programs: [{ audience: 'https://clinic.example', name: 'Clinic' }],
    port: 0,
    async handOver() {
      asked += 1
      return { kind: 'token', token: 'a.b.c', lifetimeMs: 120_000 }
    },
  })
  app = await _electron.launch({
    executablePath: findElectron().executable,
    args: [...sandboxArguments(), join(root, 'bench', 'start', 'bare')],
    timeout: 60_000,
  })
  page = await app.firstWindow()
  // Its own page first: two navigations at once would get in each other's way.
  await page.getByRole('heading', { name: 'A window' }).waitFor()
})
afterAll(async () => {
  await app?.close()
  await server?.close()
})

let count = 0
/** What a script of that site reads; undefined where the browser keeps the answer from it. */
async function ask(site: string, contentType = 'application/json'): Promise<unknown> {
  // The sites are made up, and nothing leaves this computer. Playwright answers a browser's questions of CORS by itself while it routes.
  await page.route(site, (route) => route.fulfill({ contentType: 'text/html', body: '<title>page</title>' }))
  await page.goto(site)
  await page.unrouteAll()
  return page.evaluate(
    async ([url, type, nonce]) => {
      try {
        const answer = await fetch(`${url}/login-token`, {
          method: 'POST',
          headers: { 'content-type': type },
          body: JSON.stringify({ audience: 'https://clinic.example', nonce }),
        })
        return await answer.json()
      } catch {
        return undefined
      }
    },
    [server.url, contentType, `nonce-of-the-page-${count++}`] as const,
  )
}

test('the page that the settings name reads its token', async () => {
  expect(await ask('https://clinic.example/')).toEqual({ token: 'a.b.c', expiresInSeconds: 120 })
  expect(asked).toBe(1)
})

test('another page reads nothing, and nothing was handed over for it', async () => {
  expect(await ask('https://evil.example/')).toBeUndefined()
  // This one the browser sends without asking beforehand.
  expect(await ask('https://evil.example/', 'text/plain')).toBeUndefined()
  expect(asked).toBe(1)
})

test('the page that is named may read why it was refused', async () => {
  expect(await ask('https://clinic.example/', 'text/plain')).toEqual({ error: 'wrong-type' })
})
