/** docs/operations.md lists every setting as it is. */
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../../build/electron.ts'
import { SETTING_KEYS, settingOf } from '../../electron/contract/settings.ts'

const rows = readFileSync(path.join(root, 'docs', 'operations.md'), 'utf8')
  .split('\n')
  .filter((line) => /^\| `\w+` \| `TESSERA_\w+` \|/.test(line))
  .map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )

test('docs/operations.md has a row for each setting, in the order of the schema, and for nothing else', () => {
  expect(rows.map(([key, variable]) => [key, variable])).toEqual(
    SETTING_KEYS.map((key) => [`\`${key}\``, `\`${settingOf(key).variable}\``]),
  )
})

test.each(SETTING_KEYS)('%s: its default, every choice, and who may change it when stand there', (key) => {
  const row = rows.find(([name]) => name === `\`${key}\``)
  const { fallback, change, effect, value } = settingOf(key)
  const [, , about, byDefault, inWindow] = row ?? []
  if (fallback === undefined) expect(byDefault).toMatch(/^(?:none|the system's)$/)
  else expect(byDefault).toBe(`\`${fallback}\``)
  expect(inWindow).toBe(change === 'nobody' ? 'no' : effect === 'restart' ? `${change}, from the next start` : change)
  const { options = [] } = value as { options?: readonly string[] }
  for (const option of options) expect(about).toContain(`\`${option}\``)
})
