/**
 * The terminal's log: one JSON object a line, in a file that starts over before it grows large. What goes in is codes, counts
 * and durations by name; there is no field for free text, so that no person, card number or PIN gets in by accident.
 */
import { appendFileSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Where the terminal's log is written now; the file before has the same name and '.1'. */
export const logFileOf = (terminalFolder: string): string => join(terminalFolder, 'log', 'terminal.log')

export const LOG_LEVELS = ['error', 'info', 'debug'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]

/** What a line may tell beside its event. */
export interface LogFields {
  readonly code?: string
  readonly kind?: string
  readonly where?: string
  readonly count?: number
  readonly ms?: number
  readonly version?: string
  /** The stack of an error, for which there is no name: file names and functions, not the message. */
  readonly stack?: string
}

export interface Log {
  error(event: string, fields?: LogFields): void
  info(event: string, fields?: LogFields): void
  debug(event: string, fields?: LogFields): void
}

export interface LogOptions {
  readonly file: string
  /** Asked at every line, because the settings may change it. */
  readonly level: () => LogLevel
  readonly now: () => number
  /** Default 1 MiB in each of three files. */
  readonly maxBytes?: number
  readonly files?: number
}

/** Writing never throws: a full disk must not stop the desk. */
export function createLog(options: LogOptions): Log {
  const { file, level, now, maxBytes = 1024 * 1024, files = 3 } = options
  let size: number | undefined

  function write(severity: LogLevel, event: string, fields: LogFields): void {
    if (LOG_LEVELS.indexOf(severity) > LOG_LEVELS.indexOf(level())) return
    const line = `${JSON.stringify({ at: new Date(now()).toISOString(), level: severity, event, ...fields })}\n`
    try {
      size ??= open()
      if (size > 0 && size + line.length > maxBytes) {
        rotate()
        size = 0
      }
      appendFileSync(file, line, { mode: 0o600 })
      size += line.length
    } catch {
      size = undefined
    }
  }

  function open(): number {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
    return statSync(file, { throwIfNoEntry: false })?.size ?? 0
  }

  function rotate(): void {
    rmSync(numbered(files - 1), { force: true })
    for (let number = files - 2; number >= 0; number -= 1) {
      if (statSync(numbered(number), { throwIfNoEntry: false }) !== undefined) renameSync(numbered(number), numbered(number + 1))
    }
  }

  const numbered = (number: number): string => (number === 0 ? file : `${file}.${number}`)

  return {
    error: (event, fields = {}) => write('error', event, fields),
    info: (event, fields = {}) => write('info', event, fields),
    debug: (event, fields = {}) => write('debug', event, fields),
  }
}

/** What may be kept of an error that nobody foresaw: its name, its code, where it was thrown. */
export function errorFields(error: unknown): LogFields {
  if (!(error instanceof Error)) return { kind: typeof error }
  const { code, kind } = error as { code?: unknown; kind?: unknown }
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line))
  return {
    kind: typeof kind === 'string' ? `${error.name} ${kind}` : error.name,
    ...(typeof code === 'string' ? { code } : {}),
    stack: frames
      .slice(0, 8)
      .map((line) => line.trim())
      .join(' | '),
  }
}
