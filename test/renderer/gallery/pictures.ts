/**
 * Pictures of the window that are kept, to see what a change does to every page: each page in two sizes, three themes and both
 * directions, and every other state of the window in the smallest size, light.
 *
 * Letters come from the bundle, so that they look the same on every machine, codes too, which the application draws in the
 * system's own monospaced letters; but each Chromium draws a little differently.
 * Pictures are therefore kept apart by the major version of Electron that drew them, and compared with that version only.
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import type { CDPSession, Page } from 'playwright-core'
import { findElectron, root } from '../../../build/electron.ts'
import { loadTexts } from '../../../renderer/locales/languages.ts'
import type { Gallery, Theme } from './harness.ts'
import { type Difference, differenceOf } from './picture-measures.ts'
import type { Story } from './story.ts'

const PICTURES = path.join(root, 'test', 'renderer', 'pictures')
/** Where what differs is shown: as it was kept, as it is now, and where it differs. */
export const DIFFERENCES = path.join(root, 'dist', 'pictures')

/** Smaller than drawn, as far as text can still be read: what the pictures weigh is fetched by everyone who clones. */
const SIZES = [
  { width: 900, height: 600, scale: 0.75 },
  { width: 1920, height: 1200, scale: 0.5 },
] as const
const THEMES = ['light', 'dark', 'contrast'] as const satisfies readonly Theme[]
const QUALITY = 70
const COMPARED = { cell: 6, limit: 20 }
/** A caret blinks; monospaced letters are the system's. */
const ALIKE_EVERYWHERE = '* { caret-color: transparent !important } :root { --font-code: var(--font) !important }'
/** Pictures of a page at rest are the same to the byte; one that is still not after so many moves on and on. */
const MOST_TAKES = 20

interface Shot {
  readonly size: (typeof SIZES)[number]
  readonly theme: (typeof THEMES)[number]
  readonly direction: 'ltr' | 'rtl'
}

/** In this order, so that the language changes once. */
const EVERY_LOOK: readonly Shot[] = (['ltr', 'rtl'] as const).flatMap((direction) =>
  SIZES.flatMap((size) => THEMES.map((theme) => ({ size, theme, direction }))),
)
const PLAIN_LOOK = EVERY_LOOK.slice(0, 1)

const nameOf = (story: Story, { size, theme, direction }: Shot) => `${story.name}.${size.width}-${theme}-${direction}.webp`

/** What makes a state of the window a page of its own rather than a variant of one. */
function pageOf({ snapshot: { page }, act }: Story): string {
  const prompt = page.kind === 'ceremony' ? ` ${page.ceremony.prompt.kind}` : ''
  return `${page.kind}${prompt}${act === undefined ? '' : ' acted'}`
}

/** The looks that each story is kept in: the first story of a page in all of them. */
export function looksOf(stories: readonly Story[]): ReadonlyMap<Story, readonly Shot[]> {
  const seen = new Set<string>()
  return new Map(
    stories.map((story) => {
      const isFirst = !seen.has(pageOf(story))
      seen.add(pageOf(story))
      return [story, isFirst ? EVERY_LOOK : PLAIN_LOOK]
    }),
  )
}

export interface Found {
  readonly name: string
  /** 'new' where no picture was kept. */
  readonly kind: 'same' | 'different' | 'new'
  readonly difference?: Difference
}

/** What is to be said of a picture that is not the same: what differs, where in it, and which file shows it as it is now. */
export function wordsOf({ name, kind, difference }: Found): string {
  const shown = path.relative(root, path.join(DIFFERENCES, name.replace(/webp$/, 'actual.webp')))
  if (difference === undefined) return `${name} is ${kind}: ${shown}`
  const { points, cells, box } = difference
  return `${name} is ${kind}: ${points} points in ${cells} cells within ${box.join(' ')}: ${shown}`
}

/** Draws the page in the picture's size before it is taken: taking one that is smaller than drawn catches it between two frames. */
async function scaleTo(session: CDPSession, { width, height }: Shot['size'], scale: number): Promise<void> {
  const viewport = { x: 0, y: 0, width, height, scale }
  await session.send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false, viewport })
}

async function take(session: CDPSession, { size: { width, height, scale } }: Shot): Promise<string> {
  const clip = { x: 0, y: 0, width, height, scale }
  return (await session.send('Page.captureScreenshot', { format: 'webp', quality: QUALITY, clip })).data
}

export class Pictures {
  readonly major: string
  readonly #gallery: Gallery
  /** One for each page, as long as it lives: with its end Chromium would take back the page's size. */
  readonly #sessions = new WeakMap<Page, CDPSession>()

  constructor(gallery: Gallery) {
    this.major = majorOfElectron()
    this.#gallery = gallery
  }

  /** Draws the story in these looks, and compares each with what is kept, or keeps it instead. */
  async look(story: Story, shots: readonly Shot[], { keep }: { readonly keep: boolean }): Promise<Found[]> {
    await this.#gallery.show(story.snapshot, { width: 900, height: 600, theme: 'light' })
    const { page } = this.#gallery
    await story.act?.(page, await loadTexts(story.snapshot.language.desk))
    // Where the mouse was left is no part of the picture.
    await page.mouse.move(0, 0)
    await page.evaluate((rules) => {
      const sheet = new CSSStyleSheet()
      sheet.replaceSync(rules)
      document.adoptedStyleSheets = [sheet]
    }, ALIKE_EVERYWHERE)
    const session = await this.#sessionOf(page)
    const found: Found[] = []
    let direction: Shot['direction'] = 'ltr'
    for (const shot of shots) {
      if (shot.direction !== direction) await this.#gallery.speak('ar')
      direction = shot.direction
      await this.#gallery.resize(shot.size.width, shot.size.height)
      await this.#gallery.dress(shot.theme)
      await scaleTo(session, shot.size, shot.size.scale)
      await this.#gallery.settle()
      found.push(await this.#compare(session, nameOf(story, shot), shot, keep))
      await scaleTo(session, shot.size, 1)
    }
    return found
  }

  async #sessionOf(page: Page): Promise<CDPSession> {
    const session = this.#sessions.get(page) ?? (await page.context().newCDPSession(page))
    this.#sessions.set(page, session)
    return session
  }

  async #compare(session: CDPSession, name: string, shot: Shot, keep: boolean): Promise<Found> {
    const file = path.join(folderOf(this.major), name)
    const kept = existsSync(file) ? readFileSync(file, 'base64') : undefined
    const { page } = this.#gallery
    let taken = await take(session, shot)
    const compare = async () => (kept === undefined ? undefined : page.evaluate(differenceOf, { kept, taken, ...COMPARED }))
    let difference = await compare()
    // What is not as it is kept counts once it is at rest: two pictures in a row are the same.
    let before = ''
    for (let takes = 1; (kept === undefined || difference !== undefined) && taken !== before; takes += 1) {
      if (takes > MOST_TAKES) throw new Error(`${name} does not come to rest`)
      before = taken
      taken = await take(session, shot)
      difference = await compare()
    }
    if (kept !== undefined && difference === undefined) return { name, kind: 'same' }
    if (keep) {
      mkdirSync(path.dirname(file), { recursive: true })
      writeFileSync(file, taken, 'base64')
    } else {
      const show = (what: string, picture: string | undefined) => {
        if (picture === undefined) return
        mkdirSync(DIFFERENCES, { recursive: true })
        writeFileSync(path.join(DIFFERENCES, name.replace(/webp$/, `${what}.webp`)), picture, 'base64')
      }
      show('expected', kept)
      show('actual', taken)
      show('difference', difference?.picture)
    }
    return difference === undefined ? { name, kind: 'new' } : { name, kind: 'different', difference }
  }
}

const folderOf = (major: string) => path.join(PICTURES, `electron-${major}`)

/** Such as '22', of the Electron that the tests run on. */
export function majorOfElectron(): string {
  return findElectron().version.split('.')[0] ?? ''
}

/** The major versions of Electron that pictures are kept of. */
export function keptMajors(): string[] {
  if (!existsSync(PICTURES)) return []
  return readdirSync(PICTURES).flatMap((name) => /^electron-(.+)$/.exec(name)?.[1] ?? [])
}

/** Kept pictures that no story draws any more. */
export function leftovers(major: string, stories: readonly Story[]): string[] {
  const wanted = new Set([...looksOf(stories)].flatMap(([story, shots]) => shots.map((shot) => nameOf(story, shot))))
  return existsSync(folderOf(major)) ? readdirSync(folderOf(major)).filter((name) => !wanted.has(name)) : []
}

export function removeLeftovers(major: string, stories: readonly Story[]): string[] {
  const names = leftovers(major, stories)
  for (const name of names) rmSync(path.join(folderOf(major), name))
  return names
}
