/** What the gateway says while it runs: one line of JSON for each event, without names, secrets and message contents. */
export type LogLevel = 'info' | 'warning' | 'error'
export type Log = (level: LogLevel, event: string, details?: Readonly<Record<string, string | number | boolean>>) => void

export function jsonLog(write: (line: string) => void, now: () => number): Log {
  return (level, event, details) =>
    write(`${JSON.stringify({ time: new Date(now()).toISOString(), level, event, ...details })}\n`)
}

export const silentLog: Log = () => undefined

/** An error for the log: its kind and place, not its data. */
export function describeError(error: unknown): { readonly error: string; readonly at: string } {
  if (!(error instanceof Error)) return { error: typeof error, at: '' }
  return { error: `${error.name}: ${error.message}`.slice(0, 200), at: error.stack?.split('\n')[1]?.trim().slice(0, 200) ?? '' }
}
