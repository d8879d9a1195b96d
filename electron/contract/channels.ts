/** The whole of what crosses between main and the renderer: two ways in, one way out. */
import type { WindowIntent } from './intents.ts'
import type { Snapshot } from './snapshot.ts'

export const CHANNELS = {
  /** Renderer to main, invoke: the present snapshot. */
  snapshot: 'tessera:snapshot',
  /** Renderer to main, invoke: a WindowIntent; answers an IntentReply. */
  intent: 'tessera:intent',
  /** Main to renderer, send: a Snapshot at each change. */
  changed: 'tessera:changed',
} as const

export type IntentReply = { readonly accepted: true } | { readonly accepted: false; readonly reason: 'malformed' | 'not-now' }

/** What the preload script puts on `window.tessera`. */
export interface TesseraBridge {
  snapshot(): Promise<Snapshot>
  intent(intent: WindowIntent): Promise<IntentReply>
  /** Calls back at each change; returns the way to stop. */
  onChanged(listener: (snapshot: Snapshot) => void): () => void
}
