/** Functions that run in the page and find texts in each other's way. Each stands alone: Playwright hands over its source. */

/**
 * Texts that lie on one another, stick out of the box that is drawn around them, or are cut off. A line's box is as high as its
 * letters may ever be, so a quarter of it at each side does not count.
 */
export function crowdedTexts(): string[] {
  interface Line {
    readonly element: Element
    readonly words: string
    readonly left: number
    readonly right: number
    readonly top: number
    readonly bottom: number
  }
  const clipOf = (element: Element) => {
    const clip = { left: 0, right: innerWidth, top: 0, bottom: innerHeight }
    for (let up: Element | null = element; up; up = up.parentElement) {
      const { overflowX, overflowY } = getComputedStyle(up)
      if (overflowX === 'visible' && overflowY === 'visible') continue
      const box = up.getBoundingClientRect()
      clip.left = Math.max(clip.left, box.left)
      clip.right = Math.min(clip.right, box.right)
      clip.top = Math.max(clip.top, box.top)
      clip.bottom = Math.min(clip.bottom, box.bottom)
    }
    return clip
  }
  const drawn = (element: Element): boolean => {
    const { backgroundColor, borderTopWidth, borderTopColor, borderTopStyle } = getComputedStyle(element)
    const invisible = /^rgba\(.*, 0\)$|^transparent$/
    return (
      !invisible.test(backgroundColor) ||
      (Number.parseFloat(borderTopWidth) > 0 && borderTopStyle !== 'none' && !invisible.test(borderTopColor))
    )
  }

  const lines: Line[] = []
  const found: string[] = []
  // What lies under a dialog waits.
  const front = document.querySelector('dialog[open]') ?? document.body
  const walker = document.createTreeWalker(front, NodeFilter.SHOW_TEXT)
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const element = node.parentElement
    const words = node.textContent?.trim() ?? ''
    if (element === null || words === '' || element.closest('.only-heard, svg, option, [hidden]')) continue
    if (!element.checkVisibility({ visibilityProperty: true, contentVisibilityAuto: true })) continue
    // Only heard in a window of this width.
    if (getComputedStyle(element).clipPath === 'inset(50%)') continue
    // Said to screen readers only, at this size of the window.
    if (getComputedStyle(element).clipPath === 'inset(50%)') continue
    const clip = clipOf(element)
    const range = document.createRange()
    range.selectNodeContents(node)
    for (const { left, right, top, bottom, width, height } of range.getClientRects()) {
      if (width === 0 || height === 0) continue
      const line = {
        element,
        words: words.slice(0, 40),
        left: Math.max(left, clip.left),
        right: Math.min(right, clip.right),
        top: Math.max(top + height / 4, clip.top),
        bottom: Math.min(bottom - height / 4, clip.bottom),
      }
      if (line.right <= line.left || line.bottom <= line.top) continue
      lines.push(line)
      for (let up: Element | null = element; up && up.tagName !== 'MAIN'; up = up.parentElement) {
        if (!drawn(up)) continue
        const box = up.getBoundingClientRect()
        if (line.left < box.left - 1 || line.right > box.right + 1 || line.top < box.top - 1 || line.bottom > box.bottom + 1) {
          found.push(`"${line.words}" sticks out of .${up.className || up.tagName}`)
        }
        break
      }
    }
    const { overflowX, clipPath } = getComputedStyle(element)
    // Nothing of it is drawn: it is there to be heard.
    if (clipPath === 'inset(50%)') continue
    // What is shortened is a name that people chose; it stands in full in the element's or its parent's title.
    const shortened = overflowX === 'hidden' && element.scrollWidth > element.clientWidth + 1
    if (shortened && element.closest('[title]') === null) found.push(`"${words}" is cut off in .${element.className}`)
  }
  for (const [index, a] of lines.entries()) {
    for (const b of lines.slice(index + 1)) {
      if (a.element === b.element) continue
      const across = Math.min(a.right, b.right) - Math.max(a.left, b.left)
      const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top)
      if (across > 1 && down > 1) found.push(`"${a.words}" and "${b.words}" overlap`)
    }
  }
  return [...new Set(found)]
}
