import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { PROBLEMS_FILE, problemsDocument } from '../../build/problems.ts'
import { PROBLEMS } from '../../electron/contract/problems.ts'

test('docs/problems.md says what the window says; `node build/problems.ts` writes it anew', () => {
  expect(readFileSync(PROBLEMS_FILE, 'utf8')).toBe(problemsDocument())
})

test('every problem has one row, under its code', () => {
  const codes = [...problemsDocument().matchAll(/^\| `([a-z-]+)` \| [^|]+ \| [^|]+ \| (?:yes|no) \|$/gm)].map(([, code]) => code)
  expect(codes).toEqual([...PROBLEMS])
})
