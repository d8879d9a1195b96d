/** Functions that run in the page and wait for it. Each stands alone: Playwright hands over its source. */

/** What a page is to be shown in: its languages, and the size of its window in points. */
interface Shown {
  readonly desk: string
  readonly person: string
  readonly width: number
  readonly height: number
}

/**
 * Whether the page stands so, and its effects have run: what takes the focus, listens to keys and speaks does so after the first
 * picture, and each page says something. The window learns its size in a process of its own.
 */
export function isShown({ desk, person, width, height }: Shown): boolean {
  const heard = [...document.querySelectorAll('.only-heard[role="status"], .only-heard[role="alert"]')]
  return (
    innerWidth === width &&
    innerHeight === height &&
    document.documentElement.lang === desk &&
    document.querySelector('main')?.lang === person &&
    document.querySelector('.frame h1') !== null &&
    heard.some(({ textContent }) => textContent !== '')
  )
}

/**
 * Waits until nothing in the page is on its way: no letters, no work that React or an effect has put off, and with `isStill` nothing
 * that fades or slides; what moves on and on is left out.
 */
export async function comeToRest(isStill: boolean): Promise<void> {
  let isChanged = false
  const observer = new MutationObserver(() => {
    isChanged = true
  })
  observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true })
  do {
    isChanged = false
    if (isStill) {
      const passing = document.getAnimations().filter(({ effect }) => effect?.getComputedTiming().endTime !== Infinity)
      await Promise.all(passing.map(({ finished }) => finished.catch(() => undefined)))
    }
    await document.fonts.ready
    // What waits for a frame comes first, and a task in the background after everything that was put off before it.
    await new Promise<void>((resolve) => {
      requestAnimationFrame(() => void scheduler.postTask(() => resolve(), { priority: 'background' }))
    })
  } while (isChanged)
  observer.disconnect()
}
