/** What the tray and the system's notifications say, in the desk's language. No name and no number is in it. */
import type { ShellTexts } from '../../electron/contract/shell.ts'
import type { Texts } from '../locales/texts.ts'

export function shellTexts({ text }: Texts): ShellTexts {
  return {
    show: text('shell.show'),
    lock: text('shell.lock'),
    quit: text('shell.quit'),
    blocked: text('shell.blocked'),
    offline: text('shell.offline'),
    card: text('shell.card'),
    online: text('shell.online'),
    blockTitle: text('shell.block-title'),
    blockBody: text('shell.block-body'),
    findingTitle: text('shell.finding-title'),
    findingBody: text('shell.finding-body'),
  }
}
