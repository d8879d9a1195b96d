import { spawn } from 'node:child_process'

/** A display for windows. */
export type Display = {
  /** Such as ':99'. */
  readonly name: string
  /** Ends the display where it was started here; does nothing to one that was there before. */
  stop(): void
}

const START_TIMEOUT_MS = 60_000

/**
 * The display that DISPLAY names, or else an Xvfb of 1280 by 800 points on a number that Xvfb picks. Sets DISPLAY for this
 * process and what it starts afterwards.
 *
 * @throws Error where Xvfb does not start; the message holds what Xvfb said
 */
export async function startDisplay(): Promise<Display> {
  const existing = process.env.DISPLAY
  if (existing || process.platform !== 'linux') return { name: existing ?? '', stop: () => {} }
  const xvfb = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '1280x800x24', '-nolisten', 'tcp', '-noreset'], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  })
  const name = await new Promise<string>((resolve, reject) => {
    let said = ''
    let number = ''
    const fail = (why: string) => {
      clearTimeout(timer)
      xvfb.kill()
      reject(new Error(`Xvfb did not start: ${why} ${said}`.trim()))
    }
    const timer = setTimeout(() => fail(`nothing heard in ${START_TIMEOUT_MS} ms.`), START_TIMEOUT_MS)
    xvfb.stderr?.on('data', (data) => {
      said += data
    })
    xvfb.stdio[3]?.on('data', (data) => {
      number += data
      if (!number.endsWith('\n')) return
      clearTimeout(timer)
      resolve(`:${number.trim()}`)
    })
    xvfb.on('error', (error) => fail(error.message))
    xvfb.on('exit', (code) => fail(`it ended with code ${code}.`))
  })
  process.env.DISPLAY = name
  const stop = () => {
    process.off('exit', stop)
    if (process.env.DISPLAY === name) delete process.env.DISPLAY
    xvfb.kill()
  }
  // An orphan would outlive a test run that ends early.
  process.on('exit', stop)
  xvfb.unref()
  for (const stream of [xvfb.stderr, xvfb.stdio[3]]) if (stream && 'unref' in stream) (stream as { unref(): void }).unref()
  return { name, stop }
}
