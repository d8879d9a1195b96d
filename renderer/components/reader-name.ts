/** The name of a reader as people read it: the system's own, or for a simulated one the window's. */
import type { Texts } from '../locales/texts.ts'

export function readerName({ text }: Texts, name: string): string {
  const number = /^Simulated reader (\d+)$/.exec(name)?.[1]
  return number === undefined ? name : text('simulation.reader', { number })
}
