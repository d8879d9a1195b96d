/** What a newcomer asks first: each npm script says what it does, at once, and does nothing else. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../../build/electron.ts'

const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Readonly<Record<string, string>> }
const ours = Object.keys(scripts).filter((name) => scripts[name]?.startsWith('node build/setup.mjs '))

const helpOf = (name: string): Promise<{ readonly code: number; readonly said: string }> =>
  new Promise((resolve) => {
    // Whoever looked for an Electron would fail here.
    const env = { ...process.env, ELECTRON_OVERRIDE_DIST_PATH: join(root, 'no-electron-here') }
    execFile(process.execPath, [join(root, 'build', 'setup.mjs'), name, '--help'], { env }, (error, stdout) => {
      resolve({ code: error === null ? 0 : Number(error.code), said: stdout })
    })
  })

test('there are scripts of ours', () => expect(ours.length).toBeGreaterThan(10))

test.each(ours)('npm run %s -- --help says what it does, without an Electron', async (name) => {
  const { code, said } = await helpOf(name)
  expect(code).toBe(0)
  expect(said.length).toBeGreaterThan(40)
})
