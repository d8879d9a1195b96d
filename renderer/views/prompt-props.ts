import type { Ceremony, Prompt } from '../../electron/contract/snapshot.ts'

/** What the view of one kind of prompt is given. */
export interface PromptProps<K extends Prompt['kind']> {
  /** Which ceremony this is, and for whom. */
  readonly eyebrow: string
  readonly ceremony: Ceremony
  readonly prompt: Extract<Prompt, { kind: K }>
}
