/** What the tray shows and what is worth a notification, out of the snapshots: pure. */
import type { ShellState } from '../contract/shell.ts'
import type { Snapshot } from '../contract/snapshot.ts'

export function shellState({ page, gateway, readers }: Snapshot): ShellState {
  if (page.kind === 'blocked') return 'blocked'
  if (gateway.kind !== 'online') return 'offline'
  return readers.readers.some(({ state }) => state === 'card' || state === 'in-use') ? 'card' : 'online'
}

export type News = 'block' | 'finding'

/** What has happened between two snapshots that somebody who looks elsewhere has to know. */
export function newsBetween(before: Snapshot, after: Snapshot): readonly News[] {
  const block: readonly News[] = after.page.kind === 'blocked' && before.page.kind !== 'blocked' ? ['block'] : []
  const finding: readonly News[] = (after.newFindings ?? 0) > (before.newFindings ?? 0) ? ['finding'] : []
  return [...block, ...finding]
}
