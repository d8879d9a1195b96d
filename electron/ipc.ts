/**
 * The only place where main listens to a renderer. A message counts only from the main frame of the terminal's own window,
 * showing the terminal's own page, and an intent only where it fits the schema.
 */
import type { IpcMain, IpcMainInvokeEvent, WebContents, WebFrameMain } from 'electron'
import * as v from 'valibot'
import { CHANNELS, type IntentReply } from './contract/channels.ts'
import { intentSchema, type WindowIntent } from './contract/intents.ts'
import type { Snapshot } from './contract/snapshot.ts'

export interface IpcTerminal {
  snapshot(): Snapshot
  intent(intent: WindowIntent): IntentReply
}

export interface IpcOptions {
  readonly ipcMain: Pick<IpcMain, 'handle'>
  readonly terminal: IpcTerminal
  /** The window that is open now, if any. */
  readonly contents: () => Pick<WebContents, 'id' | 'mainFrame'> | undefined
  /** Addresses of the terminal's own page begin with this. */
  readonly origin: string
  /** Someone else spoke, or what was said is no intent. */
  readonly onRefused: (why: 'foreign' | 'malformed') => void
}

/** Told to a sender that is not the window: an answer would be one too much. */
export class ForeignSender extends Error {
  constructor() {
    super('refused')
    this.name = 'ForeignSender'
  }
}

export function listenToWindow(options: IpcOptions): void {
  const { ipcMain, terminal, onRefused } = options

  function check(event: IpcMainInvokeEvent): void {
    if (isOwnFrame(event, options)) return
    onRefused('foreign')
    throw new ForeignSender()
  }

  ipcMain.handle(CHANNELS.snapshot, (event): Snapshot => {
    check(event)
    return terminal.snapshot()
  })

  ipcMain.handle(CHANNELS.intent, (event, ...payload: unknown[]): IntentReply => {
    check(event)
    const parsed = payload.length === 1 ? v.safeParse(intentSchema, payload[0]) : undefined
    if (parsed?.success !== true) {
      onRefused('malformed')
      return { accepted: false, reason: 'malformed' }
    }
    return terminal.intent(parsed.output)
  })
}

function isOwnFrame(event: IpcMainInvokeEvent, { contents, origin }: IpcOptions): boolean {
  const own = contents()
  // A frame that has gone in the meantime is null.
  const frame: WebFrameMain | null = event.senderFrame
  if (own === undefined || frame === null || event.sender.id !== own.id) return false
  return sameFrame(frame, own.mainFrame) && frame.url.startsWith(origin)
}

function sameFrame(a: WebFrameMain, b: WebFrameMain): boolean {
  return a.processId === b.processId && a.routingId === b.routingId
}
