/**
 * The readers whose card this process holds exclusively. PC/SC reports 'exclusive' without saying who: what
 * was held here at any time during a look is not another program's.
 */
export class Holds {
  readonly #held = new Map<string, number>()
  readonly #duringLook = new Set<string>()

  add(reader: string): void {
    this.#held.set(reader, (this.#held.get(reader) ?? 0) + 1)
    this.#duringLook.add(reader)
  }

  remove(reader: string): void {
    const count = (this.#held.get(reader) ?? 0) - 1
    if (count > 0) this.#held.set(reader, count)
    else this.#held.delete(reader)
  }

  beginLook(): void {
    this.#duringLook.clear()
    for (const reader of this.#held.keys()) this.#duringLook.add(reader)
  }

  heldDuringLook(reader: string): boolean {
    return this.#duringLook.has(reader)
  }
}
