/**
 * The tray's icon, drawn: a card, and in its corner a sign whose shape tells the state, because a colour alone tells nobody
 * who cannot see it. Pixels are computed, so that there is a sharp icon for every scale of the screen.
 */
import type { ShellState } from '../contract/shell.ts'

type Colour = readonly [red: number, green: number, blue: number]

const CARD: Colour = [0x5b, 0x93, 0xb5]
const CHIP: Colour = [0xea, 0xd3, 0x9a]
const WHITE: Colour = [0xff, 0xff, 0xff]
const SIGNS: { readonly [State in ShellState]: Colour } = {
  online: [0x1c, 0x6b, 0x45],
  card: [0x0c, 0x54, 0x68],
  offline: [0x4f, 0x5a, 0x69],
  blocked: [0xa3, 0x2a, 0x22],
}

/** Each pixel is the mean of so many points in both directions. */
const SAMPLES = 4

/** `size` pixels to a side, four bytes each in the order that Electron's createFromBitmap wants: blue, green, red, opacity. */
export function drawTrayIcon(state: ShellState, size: number): Uint8Array {
  const bitmap = new Uint8Array(size * size * 4)
  for (let y = 0; y < size; y += 1) {
    for (let x = 0; x < size; x += 1) bitmap.set(pixel(state, x, y, size), (y * size + x) * 4)
  }
  return bitmap
}

function pixel(state: ShellState, x: number, y: number, size: number): readonly number[] {
  const sum = [0, 0, 0]
  let covered = 0
  for (let sample = 0; sample < SAMPLES * SAMPLES; sample += 1) {
    const u = (x + ((sample % SAMPLES) + 0.5) / SAMPLES) / size
    const w = (y + (Math.floor(sample / SAMPLES) + 0.5) / SAMPLES) / size
    const colour = colourAt(state, u, w)
    if (colour === undefined) continue
    covered += 1
    for (let channel = 0; channel < 3; channel += 1) sum[channel] = (sum[channel] ?? 0) + (colour[channel] ?? 0)
  }
  if (covered === 0) return [0, 0, 0, 0]
  const opacity = covered / (SAMPLES * SAMPLES)
  // Colours are multiplied with the opacity, as Chromium's bitmaps are.
  const [red = 0, green = 0, blue = 0] = sum.map((value) => Math.round((value / covered) * opacity))
  return [blue, green, red, Math.round(opacity * 255)]
}

/** In a square from 0 to 1; undefined where nothing is drawn. */
function colourAt(state: ShellState, x: number, y: number): Colour | undefined {
  const fromSign = Math.hypot(x - 0.7, y - 0.7)
  if (fromSign < 0.29) return isMark(state, (x - 0.7) / 0.29, (y - 0.7) / 0.29) ? WHITE : SIGNS[state]
  // A gap around the sign keeps it apart from the card on any ground.
  if (fromSign < 0.34) return undefined
  if (x < 0.04 || x > 0.96 || y < 0.14 || y > 0.8) return undefined
  return x > 0.14 && x < 0.38 && y > 0.26 && y < 0.5 ? CHIP : CARD
}

/** The white mark in the sign, in a circle of radius 1: a tick, a card, a stroke, a cross. */
function isMark(state: ShellState, x: number, y: number): boolean {
  switch (state) {
    case 'online':
      return near(x, y, -0.5, 0.05, -0.12, 0.42) || near(x, y, -0.12, 0.42, 0.52, -0.38)
    case 'card':
      return Math.abs(x) < 0.55 && Math.abs(y) < 0.38
    case 'offline':
      return Math.abs(x) < 0.55 && Math.abs(y) < 0.16
    case 'blocked':
      return near(x, y, -0.42, -0.42, 0.42, 0.42) || near(x, y, -0.42, 0.42, 0.42, -0.42)
    default:
      return state satisfies never
  }
}

/** Whether a point lies on the stroke between two others. */
function near(x: number, y: number, ax: number, ay: number, bx: number, by: number): boolean {
  const length = (bx - ax) ** 2 + (by - ay) ** 2
  const along = Math.max(0, Math.min(1, ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / length))
  return Math.hypot(x - ax - along * (bx - ax), y - ay - along * (by - ay)) < 0.15
}
