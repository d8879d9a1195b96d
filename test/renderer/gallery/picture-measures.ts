/** Compares pictures, in the page: the browser decodes and encodes them. It stands alone: Playwright hands over its source. */

/** Both pictures as WebP in base64; `limit` is how far the mean of a cell may be off, of 255, and `cell` how wide and high one is. */
export interface Comparison {
  readonly kept: string
  readonly taken: string
  readonly cell: number
  readonly limit: number
}

export interface Difference {
  /** How many cells differ. */
  readonly cells: number
  /** How many points of them are another colour than they were: all, where the size is another one. */
  readonly points: number
  /** Where, as left, top, right and bottom of what encloses them all, in points of the picture. */
  readonly box: readonly [number, number, number, number]
  /** WebP in base64: what was taken, pale, with the cells that differ in red. */
  readonly picture: string
}

/**
 * What differs, or undefined. The means of cells are compared instead of points, because the edge of a letter is drawn a little
 * differently from one machine to the next, and because pictures are kept with losses; what has moved by a few points, or is
 * gone, moves the mean of the cells that it covered.
 */
export async function differenceOf({ kept, taken, cell, limit }: Comparison): Promise<Difference | undefined> {
  const open = async (base64: string) => {
    const blob = new Blob([Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0))], { type: 'image/webp' })
    const bitmap = await createImageBitmap(blob)
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height)
    const context = canvas.getContext('2d', { willReadFrequently: true }) as OffscreenCanvasRenderingContext2D
    context.drawImage(bitmap, 0, 0)
    const { width, height } = bitmap
    return { canvas, context, width, height, points: context.getImageData(0, 0, width, height).data }
  }
  const before = await open(kept)
  const now = await open(taken)
  const { width, height } = now
  const sameSize = before.width === width && before.height === height

  const isOff = (left: number, top: number): boolean => {
    if (!sameSize) return true
    const right = Math.min(left + cell, width)
    const bottom = Math.min(top + cell, height)
    const sums = [0, 0, 0]
    for (let y = top; y < bottom; y += 1) {
      for (let x = left; x < right; x += 1) {
        const at = (y * width + x) * 4
        for (let colour = 0; colour < 3; colour += 1)
          sums[colour] = (sums[colour] ?? 0) + (now.points[at + colour] ?? 0) - (before.points[at + colour] ?? 0)
      }
    }
    const points = (right - left) * (bottom - top)
    return sums.some((sum) => Math.abs(sum / points) > limit)
  }

  /** Points of a cell of which a colour is off by more than a cell's mean may be. */
  const pointsOff = (left: number, top: number): number => {
    let points = 0
    for (let y = top; y < Math.min(top + cell, height); y += 1) {
      for (let x = left; x < Math.min(left + cell, width); x += 1) {
        const at = (y * width + x) * 4
        const isPointOff = [at, at + 1, at + 2].some((i) => Math.abs((now.points[i] ?? 0) - (before.points[i] ?? 0)) > limit)
        if (!sameSize || isPointOff) points += 1
      }
    }
    return points
  }

  const off: [number, number][] = []
  for (let top = 0; top < height; top += cell)
    for (let left = 0; left < width; left += cell) if (isOff(left, top)) off.push([left, top])
  if (off.length === 0) return undefined

  now.context.fillStyle = 'rgb(255 255 255 / 60%)'
  now.context.fillRect(0, 0, width, height)
  now.context.fillStyle = 'rgb(220 0 0 / 60%)'
  for (const [left, top] of off) now.context.fillRect(left, top, cell, cell)
  const bytes = new Uint8Array(await (await now.canvas.convertToBlob({ type: 'image/webp', quality: 0.8 })).arrayBuffer())
  const lefts = off.map(([left]) => left)
  const tops = off.map(([, top]) => top)
  return {
    cells: off.length,
    points: off.reduce((points, [left, top]) => points + pointsOff(left, top), 0),
    box: [Math.min(...lefts), Math.min(...tops), Math.max(...lefts) + cell, Math.max(...tops) + cell],
    picture: btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join('')),
  }
}
