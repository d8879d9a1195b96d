/** The line that the highest bar stays under: 1, 2, 3 or 5 times a power of ten, so that it can be read. */
export function niceTop(highest: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, highest)))
  return ([1, 2, 3, 5, 10].find((step) => step * power >= highest) ?? 10) * power
}
