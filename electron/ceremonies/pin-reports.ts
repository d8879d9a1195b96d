/**
 * What the gateway is told of PIN changes. The change itself needs no gateway, so a report waits on disk until the gateway
 * has confirmed it; it holds the card's number and a time, never a PIN.
 */
import * as v from 'valibot'
import { readPrivateFile, removePrivateFile, writePrivateFile } from '../../native/conversation/private-file.ts'
import { fromHex, fromUtf8, toHex, utf8 } from '../../protocol/bytes.ts'
import { type GatewayLink, RefusedError } from '../session/link.ts'

export interface PinReport {
  /** The card's CHUID GUID, 16 bytes. */
  readonly guid: Uint8Array
  /** Milliseconds since 1970. */
  readonly at: number
  readonly outcome: 'changed' | 'unknown'
}

export interface PinReports {
  /** Resolves when the report is on disk; sending it goes on by itself. */
  add(report: PinReport): Promise<void>
  /** Sends what waits, oldest first, as far as the gateway can be reached. Never rejects. */
  flush(): Promise<void>
  waiting(): Promise<number>
}

/** A terminal that was offline for years must not fill its disk: the oldest go first. */
const MOST_REPORTS = 1000

const schema = v.array(
  v.strictObject({
    guid: v.pipe(v.string(), v.regex(/^[0-9a-f]{32}$/)),
    at: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
    outcome: v.picklist(['changed', 'unknown']),
  }),
)
type Stored = v.InferOutput<typeof schema>

export function createPinReports(options: { readonly path: string; readonly link: () => GatewayLink | undefined }): PinReports {
  const { path } = options
  // One after the other: each step reads the file, changes it and writes it whole.
  let queue: Promise<unknown> = Promise.resolve()
  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = queue.then(work)
    queue = result.catch(() => undefined)
    return result
  }

  async function read(): Promise<Stored> {
    const content = await readPrivateFile(path)
    if (content === undefined) return []
    try {
      return v.parse(schema, JSON.parse(fromUtf8(content)))
    } catch {
      // A damaged list of reports must not keep a person from changing a PIN.
      return []
    }
  }

  function write(reports: Stored): Promise<void> {
    if (reports.length === 0) return removePrivateFile(path)
    return writePrivateFile(path, utf8(JSON.stringify(reports.slice(-MOST_REPORTS))))
  }

  async function send(report: Stored[number]): Promise<boolean> {
    const link = options.link()
    if (link === undefined || link.state().kind !== 'online') return false
    try {
      await link.request('pin.changed', { guid: fromHex(report.guid), at: report.at, outcome: report.outcome })
      return true
    } catch (error) {
      // A refusal will be the same tomorrow, unless the gateway only asks for time or has a fault of its own.
      return error instanceof RefusedError && error.refusal.code !== 'slow-down' && error.refusal.code !== 'gateway-failed'
    }
  }

  return {
    async add({ guid, at, outcome }) {
      await inTurn(async () => write([...(await read()), { guid: toHex(guid), at, outcome }]))
      void this.flush()
    },
    async flush() {
      try {
        await inTurn(async () => {
          const reports = await read()
          let sent = 0
          while (sent < reports.length && (await send(reports[sent] as Stored[number]))) sent += 1
          if (sent > 0) await write(reports.slice(sent))
        })
      } catch {
        // The disk refuses: the reports stay where they are, and the next flush tries again.
      }
    },
    waiting: () => inTurn(async () => (await read()).length),
  }
}
