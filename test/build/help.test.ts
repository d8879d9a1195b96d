/** What a newcomer asks first: each npm script says what it does, at once, and does nothing else. */
import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../../build/electron.ts'

const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { scripts: Readonly<Record<string, string>> }
const ours = Object.keys(scripts).filter((name) => scripts[name]?.startsWith('node build/setup.mjs '))

const run = (
  name: string,
  ...words: readonly string[]
): Promise<{ readonly code: number; readonly said: string; readonly complained: string }> =>
  new Promise((resolve) => {
    // Whoever looked for an Electron would fail here.
    const env = { ...process.env, ELECTRON_OVERRIDE_DIST_PATH: join(root, 'no-electron-here') }
    execFile(process.execPath, [join(root, 'build', 'setup.mjs'), name, ...words], { env }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : Number(error.code), said: stdout, complained: stderr })
    })
  })

test('there are scripts of ours', () => expect(ours.length).toBeGreaterThan(10))

test.each(ours)('npm run %s -- --help says what it does, without an Electron', async (name) => {
  const { code, said } = await run(name, '--help')
  expect(code).toBe(0)
  expect(said.length).toBeGreaterThan(40)
})

/** Those that administrators and programmers type by hand, and that need nothing but the packages. */
const COMMAND_LINES = ['gateway', 'service', 'records', 'try-service', 'card', 'edhoc']

test.each(COMMAND_LINES)('npm run %s tells a slip in words, not as a stack, and does nothing', async (name) => {
  const { code, complained } = await run(name, '--no-such-option')
  expect(code).toBe(2)
  expect(complained).not.toBe('')
  expect(complained).not.toMatch(/\n\s+at /)
})

test('a slip in one of the gateway’s commands shows how that command is used', async () => {
  const { complained } = await run('gateway', 'invite', '--hours', 'x')
  expect(complained).toMatch(/^--hours takes a whole number/)
  expect(complained).toContain('npm run gateway -- invite')
  expect(complained).not.toContain('audit verify')
})
