import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { CONTENT_SECURITY_POLICY, ORIGIN, PAGE, pageFile } from '../../electron/page-files.ts'

let folder: string
let outer: string

beforeAll(() => {
  outer = mkdtempSync(join(tmpdir(), 'tessera-page-'))
  folder = join(outer, 'renderer')
  mkdirSync(join(folder, 'assets'), { recursive: true })
  writeFileSync(join(folder, 'index.html'), '<!doctype html>')
  writeFileSync(join(folder, 'assets', 'a.css'), 'a{}')
  writeFileSync(join(folder, 'main.js.map'), '{}')
  writeFileSync(join(outer, 'secret.js'), 'secret')
  mkdirSync(join(outer, 'renderer-other'))
  writeFileSync(join(outer, 'renderer-other', 'x.js'), 'secret')
})
afterAll(() => {
  rmSync(outer, { recursive: true, force: true })
})

test('the page and its parts are served with their type and the policy', async () => {
  const page = await pageFile(folder, 'GET', `${PAGE}?x#y`)
  expect(page).toMatchObject({
    status: 200,
    headers: { 'content-type': 'text/html; charset=utf-8', 'x-content-type-options': 'nosniff' },
  })
  expect(page.headers['content-security-policy']).toBe(CONTENT_SECURITY_POLICY)
  expect(page.body.toString()).toBe('<!doctype html>')
  expect((await pageFile(folder, 'GET', `${ORIGIN}assets/a.css`)).status).toBe(200)
})

test('the policy allows no inline script, no other origin and no connection', () => {
  expect(CONTENT_SECURITY_POLICY).toContain("default-src 'none'")
  expect(CONTENT_SECURITY_POLICY).toContain("connect-src 'none'")
  expect(CONTENT_SECURITY_POLICY).not.toMatch(/unsafe|https?:|\*/)
})

test.each([
  ['POST', PAGE],
  ['GET', 'tessera://other/index.html'],
  ['GET', 'https://app/index.html'],
  ['GET', ORIGIN],
  ['GET', `${ORIGIN}assets`],
  ['GET', `${ORIGIN}main.js.map`],
  ['GET', `${ORIGIN}missing.js`],
  ['GET', `${ORIGIN}../secret.js`],
  ['GET', `${ORIGIN}%2e%2e/secret.js`],
  ['GET', `${ORIGIN}assets/%2e%2e%2f%2e%2e%2fsecret.js`],
  ['GET', `${ORIGIN}../renderer-other/x.js`],
  ['GET', `${ORIGIN}index.html%00.js`],
  ['GET', `${ORIGIN}%e0%a4%a`],
])('%s %s is not there', async (method, address) => {
  const file = await pageFile(folder, method, address)
  expect(file.status).toBe(404)
  expect(file.body).toHaveLength(0)
})

test('no address reaches a file outside the folder', async () => {
  const piece = fc.constantFrom(
    '..',
    '.',
    '%2e%2e',
    '/',
    '\\',
    '%2f',
    '%5c',
    'renderer',
    'renderer-other',
    'secret.js',
    'x.js',
    'assets',
    '//',
  )
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { maxLength: 8 }), async (pieces) => {
      const file = await pageFile(folder, 'GET', ORIGIN + pieces.join(''))
      expect(file.body.toString()).not.toContain('secret')
    }),
  )
})
