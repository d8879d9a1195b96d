/**
 * The few words that stand outside of the window: in the tray and in the system's notifications. The window hands them over in the
 * desk's language, so that every text that people read is in the renderer's locales (docs/decisions/shell.md).
 */
import * as v from 'valibot'

/** How the desk stands, as the tray shows it: the gravest first. */
export const SHELL_STATES = ['blocked', 'offline', 'card', 'online'] as const
export type ShellState = (typeof SHELL_STATES)[number]

const words = v.pipe(v.string(), v.minLength(1), v.maxLength(160))

export const shellTextsSchema = v.strictObject({
  show: words,
  lock: words,
  quit: words,
  blocked: words,
  offline: words,
  card: words,
  online: words,
  blockTitle: words,
  blockBody: words,
  findingTitle: words,
  findingBody: words,
})
export type ShellTexts = v.InferOutput<typeof shellTextsSchema>
