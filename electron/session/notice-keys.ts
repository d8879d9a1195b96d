/**
 * The terminal's keys for notices and presence (protocol/messages/notices.ts), kept between starts: the last will is sealed
 * before the gateway has greeted, and a notice may be waiting at the broker.
 */
import * as v from 'valibot'
import { readPrivateFile, writePrivateFile } from '../../native/conversation/private-file.ts'
import { equalConstantTime, fromUtf8, utf8 } from '../../protocol/bytes.ts'
import { NOTICE_KEY_LENGTH } from '../../protocol/messages/notices.ts'
import type { KeyProtection } from './identity.ts'

export interface NoticeKeys {
  readonly noticeKey: Uint8Array
  readonly presenceKey: Uint8Array
}

export interface NoticeKeyStore {
  /** Undefined where there are none that can be used: the next greeting brings them. */
  load(): Promise<NoticeKeys | undefined>
  save(keys: NoticeKeys): Promise<void>
}

const stored = v.strictObject({
  version: v.literal(1),
  protected: v.boolean(),
  keys: v.pipe(v.string(), v.regex(/^[A-Za-z0-9+/]*={0,2}$/)),
})

/** `protection` as for the terminal's own key. */
export function createNoticeKeyStore(options: { readonly path: string; readonly protection?: KeyProtection }): NoticeKeyStore {
  const { path, protection } = options
  return {
    async load() {
      const content = await readPrivateFile(path)
      if (content === undefined) return undefined
      try {
        const file = v.parse(stored, JSON.parse(fromUtf8(content)))
        const wrapped = new Uint8Array(Buffer.from(file.keys, 'base64'))
        const both = file.protected ? protection?.unprotect(wrapped) : wrapped
        if (both?.length !== 2 * NOTICE_KEY_LENGTH) return undefined
        return { noticeKey: both.slice(0, NOTICE_KEY_LENGTH), presenceKey: both.slice(NOTICE_KEY_LENGTH) }
      } catch {
        // Damaged, or wrapped by another key store: the gateway has them, nothing is lost.
        return undefined
      }
    },
    async save({ noticeKey, presenceKey }) {
      const both = new Uint8Array([...noticeKey, ...presenceKey])
      const wrapped = protection === undefined ? both : protection.protect(both)
      const file = { version: 1, protected: protection !== undefined, keys: Buffer.from(wrapped).toString('base64') }
      await writePrivateFile(path, utf8(JSON.stringify(file)))
    },
  }
}

export function sameKeys(a: NoticeKeys | undefined, b: NoticeKeys | undefined): boolean {
  return (
    a !== undefined &&
    b !== undefined &&
    equalConstantTime(a.noticeKey, b.noticeKey) &&
    equalConstantTime(a.presenceKey, b.presenceKey)
  )
}
