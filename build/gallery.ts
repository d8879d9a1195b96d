/**
 * `npm run gallery`: draws every state of the window into dist/gallery/, light, dark and in high contrast, small and large, so
 * that a change of the design can be looked at as a whole.
 */
import { mkdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { loadTexts } from '../renderer/locales/languages.ts'
import { type Look, openGallery } from '../test/renderer/gallery/harness.ts'
import { stories } from '../test/renderer/gallery/stories.ts'
import { readArguments } from './arguments.ts'
import { root } from './electron.ts'

const FIRST: Look = { width: 900, height: 600, theme: 'light' }
const LOOKS: readonly Look[] = [
  FIRST,
  { width: 900, height: 600, theme: 'dark' },
  { width: 900, height: 600, theme: 'contrast' },
  { width: 900, height: 600, theme: 'forced' },
  { width: 1440, height: 900, theme: 'light' },
  { width: 1440, height: 900, theme: 'dark' },
  { width: 3840, height: 2160, theme: 'light' },
]

const HELP = `Draws every state of the window into dist/gallery/, in every look.

  npm run gallery -- [options] [STORY...]

  STORY          only these
  --locale NAME  in another language, such as de
  --help`

const { positionals: wanted, values } = readArguments(HELP, { locale: { type: 'string' } }, { allowPositionals: true })
const { locale } = values
const texts = await loadTexts(locale ?? 'en-GB')
const folder = path.join(root, 'dist', 'gallery', locale ?? '')
const chosen = stories.filter(({ name }) => wanted.length === 0 || wanted.includes(name))
if (wanted.length === 0) rmSync(folder, { recursive: true, force: true })
mkdirSync(folder, { recursive: true })

const gallery = await openGallery()
try {
  for (const { name, snapshot, act } of chosen) {
    await gallery.show(snapshot, { ...FIRST, ...(locale === undefined ? {} : { locale }) })
    await act?.(gallery.page, texts)
    for (const { width, height, theme } of LOOKS) {
      await gallery.resize(width, height)
      await gallery.dress(theme)
      await gallery.settle()
      await gallery.page.screenshot({ path: path.join(folder, `${name}-${width}-${theme}.png`) })
    }
    console.log(name)
  }
} finally {
  await gallery.close()
}
