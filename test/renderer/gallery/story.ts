import type { Page as BrowserPage } from 'playwright-core'
import type { Snapshot } from '../../../electron/contract/snapshot.ts'
import type { Texts } from '../../../renderer/locales/texts.ts'

/** One state of the window, as the gallery draws it. */
export interface Story {
  readonly name: string
  readonly snapshot: Snapshot
  /** What a person does to get there, where a snapshot alone does not lead there. */
  act?(page: BrowserPage, texts: Texts): Promise<void>
}
