/**
 * `node build/problems.ts`: writes docs/problems.md, the table of every problem that a person at the desk can meet, from the
 * English texts of the window, so that the document and the window never say different things.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { PROBLEMS, type ProblemCode } from '../electron/contract/problems.ts'
import { canRetry } from '../electron/terminal/remedies.ts'
import { en } from '../renderer/locales/en/index.ts'
import { root } from './electron.ts'

export const PROBLEMS_FILE = path.join(root, 'docs', 'problems.md')

const HEAD = `# When something goes wrong

Every problem has a code, which is the same in every language; where a step failed, it stands in small letters at the foot of the page.
Give it to whoever helps you. "Try again" says whether the window offers that; where it does not, something else has to change first.

Written by \`node build/problems.ts\` from the texts of the window; a test fails where the two differ.

| Code | What happened | What to do | Try again |
| --- | --- | --- | --- |
`

/** A text of the window inside a table of Markdown. */
const cell = (text: string): string => text.replace(/[|*_<>\\]/g, '\\$&')

const row = (code: ProblemCode): string =>
  `| \`${code}\` | ${cell(en[`problem.${code}.title`])} | ${cell(en[`problem.${code}.remedy`])} | ${canRetry(code) ? 'yes' : 'no'} |\n`

export const problemsDocument = (): string => HEAD + PROBLEMS.map(row).join('')

if (import.meta.main) {
  const document = problemsDocument()
  const before = readFileSync(PROBLEMS_FILE, { encoding: 'utf8', flag: 'a+' })
  if (before !== document) writeFileSync(PROBLEMS_FILE, document)
  console.log(before === document ? 'docs/problems.md is current.' : `Wrote ${PROBLEMS.length} problems to docs/problems.md.`)
}
