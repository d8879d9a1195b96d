/** Functions that run in the page and measure it. Each stands alone: Playwright hands over its source. */

export interface Rectangle {
  readonly width: number
  readonly height: number
}

/** What sticks out of the window to a side, or is cut off without a way to scroll to it. */
export function overflowing(): string[] {
  const scrolls = (element: Element): boolean => {
    for (let up: Element | null = element; up; up = up.parentElement) {
      const { overflowX, overflowY } = getComputedStyle(up)
      if (overflowX === 'auto' || overflowY === 'auto')
        return up !== document.querySelector('main') || up.scrollWidth <= up.clientWidth
    }
    return false
  }
  const visible = [...document.querySelectorAll('.frame *')].filter((element) => !element.closest('.only-heard, svg'))
  return visible.flatMap((element) => {
    const { left, right, top, bottom, width } = element.getBoundingClientRect()
    if (width === 0) return []
    const outside = left < -1 || right > innerWidth + 1 || top < -1 || bottom > innerHeight + 1
    return outside && !scrolls(element) ? [`${element.tagName} ${element.className} "${element.textContent?.slice(0, 40)}"`] : []
  })
}

/** Areas that need to be scrolled although there is room. A page that lists things is as long as its list. */
export function spilling(): string[] {
  if (document.querySelector('.sheet') !== null) return []
  const main = document.querySelector('main')
  return main !== null && main.scrollHeight > main.clientHeight + 1
    ? [`main is ${main.scrollHeight} high in ${main.clientHeight}`]
    : []
}

/** Every control with its name and its size; a field or a radio button counts with what belongs to it and can be hit. */
export function controls(): { name: string; box: Rectangle }[] {
  const nameOf = (element: HTMLElement): string => {
    const by = element.getAttribute('aria-labelledby')
    if (by !== null)
      return by
        .split(' ')
        .map((id) => document.getElementById(id)?.textContent ?? '')
        .join(' ')
        .trim()
    if (element instanceof HTMLInputElement && element.labels?.[0]) return element.labels[0].textContent?.trim() ?? ''
    return (element.getAttribute('aria-label') ?? element.textContent ?? '').trim()
  }
  return [...document.querySelectorAll<HTMLElement>('button, input, a, [role="button"]')].map((element) => {
    const target =
      element instanceof HTMLInputElement && (element.type === 'radio' || element.type === 'checkbox')
        ? (element.closest('label') ?? element)
        : element
    const { width, height } = target.getBoundingClientRect()
    return { name: nameOf(element), box: { width: Math.round(width * 10) / 10, height: Math.round(height * 10) / 10 } }
  })
}

/** Texts whose contrast to what lies under them is below `least` (WCAG 2.2, relative luminance and contrast ratio); large text needs less. */
export function faintTexts(least: number): string[] {
  const parse = (colour: string): [number, number, number, number] => {
    const [r = 0, g = 0, b = 0, a = 1] = (colour.match(/[\d.]+/g) ?? []).map(Number)
    return [r, g, b, a]
  }
  const luminance = ([r, g, b]: readonly number[]): number => {
    const linear = [r, g, b].map((value = 0) =>
      value / 255 <= 0.04045 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4,
    )
    return 0.2126 * (linear[0] ?? 0) + 0.7152 * (linear[1] ?? 0) + 0.0722 * (linear[2] ?? 0)
  }
  const over = (top: readonly number[], under: readonly number[]): number[] =>
    [0, 1, 2].map((i) => (top[i] ?? 0) * (top[3] ?? 1) + (under[i] ?? 0) * (1 - (top[3] ?? 1)))
  const groundOf = (element: Element): number[] => {
    const layers: number[][] = []
    for (let up: Element | null = element; up; up = up.parentElement) {
      const colour = parse(getComputedStyle(up).backgroundColor)
      if (colour[3] > 0) layers.push(colour)
      if (colour[3] === 1) break
    }
    return layers.reduceRight((under, layer) => over(layer, under), [255, 255, 255])
  }
  const opacityOf = (element: Element): number => {
    let opacity = 1
    for (let up: Element | null = element; up; up = up.parentElement) opacity *= Number(getComputedStyle(up).opacity)
    return opacity
  }
  return [...document.querySelectorAll<HTMLElement>('.frame *')].flatMap((element) => {
    const own = [...element.childNodes].filter((node) => node.nodeType === Node.TEXT_NODE && node.textContent?.trim())
    // What cannot be used now is exempt (WCAG 2.2, 1.4.3).
    if (own.length === 0 || element.closest('.only-heard, [data-disabled], [data-pending], .action-off')) return []
    const style = getComputedStyle(element)
    const ground = groundOf(element)
    const [r, g, b, a] = parse(style.color)
    const ink = over([r, g, b, a * opacityOf(element)], ground)
    const [lighter = 0, darker = 0] = [luminance(ink), luminance(ground)].sort((x, y) => y - x)
    const ratio = (lighter + 0.05) / (darker + 0.05)
    const size = Number.parseFloat(style.fontSize)
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700)
    const needed = large ? (least > 4.5 ? 4.5 : 3) : least
    return ratio < needed ? [`${ratio.toFixed(2)} "${own[0]?.textContent}" ${style.color} on ${ground.map(Math.round)}`] : []
  })
}

/** How the focus is shown: by the outline of what has it, or of what is drawn over it. */
export function focusOutline(): string {
  const element = document.activeElement ?? document.body
  const solid = [undefined, '::after'].map((part) => getComputedStyle(element, part).outline).find((each) => /solid/.test(each))
  return solid ?? 'none'
}
