/**
 * `npm run pictures`: compares the window with the pictures of it that are kept in test/renderer/pictures/, or keeps new ones.
 * Exits with 1 where something differs and nothing was kept.
 */
import { rmSync } from 'node:fs'
import path from 'node:path'
import { openGallery } from '../test/renderer/gallery/harness.ts'
import { DIFFERENCES, looksOf, Pictures, removeLeftovers, wordsOf } from '../test/renderer/gallery/pictures.ts'
import { stories } from '../test/renderer/gallery/stories.ts'
import { readArguments } from './arguments.ts'
import { root } from './electron.ts'

const HELP = `Compares every state of the window with its kept picture; what differs is shown in dist/pictures/.

  npm run pictures -- [options] [STORY...]

  STORY     only these
  --update  keeps what differs or is new instead, and removes what no story draws any more
  --help`

const { values, positionals: wanted } = readArguments(
  HELP,
  { update: { type: 'boolean', default: false } },
  { allowPositionals: true },
)
rmSync(DIFFERENCES, { recursive: true, force: true })
const gallery = await openGallery()
let changed = 0
let looked = 0
try {
  const pictures = new Pictures(gallery)
  for (const [story, shots] of looksOf(stories)) {
    if (wanted.length > 0 && !wanted.includes(story.name)) continue
    for (const found of await pictures.look(story, shots, { keep: values.update })) {
      looked += 1
      if (found.kind === 'same') continue
      changed += 1
      console.log(values.update ? found.name : wordsOf(found))
    }
  }
  if (values.update && wanted.length === 0)
    for (const name of removeLeftovers(pictures.major, stories)) console.log(`removed   ${name}`)
  const outcome = values.update ? 'kept anew' : changed === 0 ? 'differ' : `differ: see ${path.relative(root, DIFFERENCES)}`
  console.log(`${looked} pictures of Electron ${pictures.major}, ${changed} ${outcome}`)
} finally {
  await gallery.close()
}
if (changed > 0 && !values.update) process.exitCode = 1
