import type { TesseraBridge } from '../electron/contract/channels.ts'

declare global {
  interface Window {
    readonly tessera: TesseraBridge
  }
}
