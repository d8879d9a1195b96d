/** Functions that run in the page and tell how it is worked by keyboard. Each stands alone: Playwright hands over its source. */

/** What has the focus. */
export interface Stop {
  /** Place among the elements that can have the focus, in the order of the document; -1 for anything else. */
  readonly place: number
  readonly name: string
  /** How the focus is shown: an outline of the element or of what is drawn over or around it. */
  readonly outline: string
  /** Left, top, right and bottom, as if nothing were scrolled. */
  readonly box: readonly [number, number, number, number]
  /** The part of the window that it belongs to. */
  readonly region: string
}

/**
 * What the key Tab has to come to, by place: every control that can be used, of radio buttons one of each group; while a dialog is
 * open, its own only.
 */
export function expectedStops(): number[] {
  const all = [...document.querySelectorAll<HTMLElement>('button, input, select, textarea, a[href], summary, [tabindex]')]
  const front = document.querySelector('dialog[open]') ?? document.body
  const groups = new Set<string>()
  return all.flatMap((element, place) => {
    if (!front.contains(element) || element.matches(':disabled, [tabindex="-1"]')) return []
    if (!element.checkVisibility({ visibilityProperty: true })) return []
    if (element instanceof HTMLInputElement && element.type === 'radio') {
      if (groups.has(element.name)) return []
      groups.add(element.name)
      const chosen = all.findIndex((each) => each instanceof HTMLInputElement && each.name === element.name && each.checked)
      return [chosen === -1 ? place : chosen]
    }
    return [place]
  })
}

/** Undefined where nothing in the page has the focus. */
export function focusStop(): Stop | undefined {
  const element = document.activeElement
  if (!(element instanceof HTMLElement) || element === document.body) return undefined
  const all = [...document.querySelectorAll('button, input, select, textarea, a[href], summary, [tabindex]')]
  const drawn = (of: Element, part?: string) => {
    const { outlineStyle, outlineWidth } = getComputedStyle(of, part)
    return outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 2 ? `${outlineStyle} ${outlineWidth}` : undefined
  }
  const around = [element.parentElement, element.closest('label')].filter((each) => each !== null)
  const outline =
    drawn(element) ?? drawn(element, '::after') ?? around.map((each) => drawn(each)).find((each) => each !== undefined) ?? 'none'
  const { left, top, right, bottom } = element.getBoundingClientRect()
  let [x, y] = [0, 0]
  for (let up = element.parentElement; up; up = up.parentElement) [x, y] = [x + up.scrollLeft, y + up.scrollTop]
  return {
    place: all.indexOf(element),
    name: element.getAttribute('aria-label') ?? element.textContent?.trim() ?? '',
    outline,
    box: [left + x, top + y, right + x, bottom + y],
    region: (element.closest('dialog') ?? element.closest('main') ?? element.closest('header, nav, aside'))?.tagName ?? '',
  }
}

/** What screen readers were told last: the two live regions, politely and at once. */
export function spoken(): string {
  return [...document.querySelectorAll('.only-heard[role="status"], .only-heard[role="alert"]')]
    .map((region) => region.textContent)
    .join(' ')
    .trim()
}
