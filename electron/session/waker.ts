/** Sleep that can be cut short; a call that came just before it is not lost. */
export class Waker {
  #wake: (() => void) | undefined
  #woken = false

  wake(): void {
    this.#woken = true
    this.#wake?.()
  }

  /** Forgets earlier calls: only what happens from now on cuts the next sleep short. */
  forget(): void {
    this.#woken = false
  }

  /** Until `wake` is called, or the time is over. */
  sleep(timeoutMs?: number): Promise<void> {
    return new Promise((resolve) => {
      let timer: ReturnType<typeof setTimeout> | undefined
      const done = (): void => {
        clearTimeout(timer)
        this.#wake = undefined
        this.#woken = false
        resolve()
      }
      if (this.#woken) {
        done()
        return
      }
      this.#wake = done
      if (timeoutMs !== undefined) timer = setTimeout(done, timeoutMs)
    })
  }
}
