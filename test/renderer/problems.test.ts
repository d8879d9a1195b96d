/** docs/problems.md lists what the window says, word for word: people search there for what they read at the desk. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { PROBLEMS } from '../../electron/contract/problems.ts'
import { en } from '../../renderer/locales/en.ts'
import type { Entry } from '../../renderer/locales/texts.ts'

const table: { readonly [key: string]: Entry } = en

test('docs/problems.md has one row for each problem, in the order of the codes, with the window’s own words', () => {
  const page = readFileSync(path.join(import.meta.dirname, '..', '..', 'docs', 'problems.md'), 'utf8')
  const rows = page.split('\n').filter((line) => line.startsWith('| `'))
  const expected = PROBLEMS.map(
    (code) => `| \`${code}\` | ${table[`problem.${code}.title`]} | ${table[`problem.${code}.remedy`]} |`,
  )
  expect(rows).toEqual(expected)
})
