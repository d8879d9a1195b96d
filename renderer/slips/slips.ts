/**
 * The page that is printed and never shown: one slip for each card, each in its holder's language. What stands on the slips is in
 * the document already (electron/batch/slips-window.ts); this page has no way out and asks nobody.
 */
import '@fontsource-variable/atkinson-hyperlegible-next/wght.css'
import '@fontsource-variable/noto-sans-arabic/wght.css'
import '@fontsource-variable/noto-sans-devanagari/wght.css'
import './slips.css'
import type { Slip, SlipFormat } from '../../electron/contract/batch.ts'
import { loadTexts } from '../locales/languages.ts'
import type { Texts } from '../locales/texts.ts'

declare global {
  interface Window {
    /** Resolves once every slip stands there in its own letters. */
    slipsDrawn?: Promise<void>
  }
}

function element(name: string, className: string, ...content: readonly (string | Node)[]): HTMLElement {
  const made = document.createElement(name)
  made.className = className
  made.append(...content)
  return made
}

/** Groups of four, as on keypads and in the window; a PIN is read from left to right in every language. */
function digits(className: string, text: string): HTMLElement {
  const made = element('bdi', className, text)
  made.dir = 'ltr'
  return made
}

const groups = (pin: string): string => pin.replace(/(\d{4})(?=\d)/g, '$1 ')

function fact(name: string, value: string | Node): Node {
  return element('div', 'fact', element('dt', '', name), element('dd', '', value))
}

function slip({ text, locale, direction, date }: Texts, slip: Slip): HTMLElement {
  const name = text('person.full-name', { given: slip.givenName, family: slip.familyName })
  const made = slip.site === '' ? date(slip.at) : text('slip.made-at', { date: date(slip.at), site: slip.site })
  const steps = (['read', 'change', 'destroy'] as const).map((step) => element('li', '', text(`slip.next.${step}`)))
  const section = element(
    'section',
    'slip',
    element(
      'div',
      'slip-open',
      element('h1', '', text('slip.title')),
      element(
        'dl',
        'facts',
        fact(text('slip.holder'), element('bdi', 'name', name)),
        fact(text('slip.card-number'), digits('number', slip.cardNumber)),
        fact(text('slip.made'), made),
      ),
      element('h2', '', text('slip.next')),
      element('ol', 'steps', ...steps),
    ),
    element('p', 'fold', text('slip.fold')),
    element('div', 'slip-secret', element('p', 'pin-label', text('slip.pin')), element('p', 'pin', digits('', groups(slip.pin)))),
  )
  section.lang = locale
  section.dir = direction
  return section
}

async function draw(): Promise<void> {
  const { slips, format }: { slips: readonly Slip[]; format: SlipFormat } = JSON.parse(
    document.getElementById('slips')?.textContent ?? '{"slips":[],"format":"a4"}',
  )
  const texts = new Map<string, Texts>()
  for (const { locale } of slips) if (!texts.has(locale)) texts.set(locale, await loadTexts(locale))
  document.documentElement.className = format
  document.body.replaceChildren(
    ...slips.flatMap((each) => {
      const own = texts.get(each.locale)
      return own === undefined ? [] : [slip(own, each)]
    }),
  )
  await Promise.all([...document.fonts].map((font) => (font.status === 'loading' ? font.loaded : undefined)))
  await document.fonts.ready
}

window.slipsDrawn = draw()
