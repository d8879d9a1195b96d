/**
 * What the set-up says, and the commands that it runs.
 *
 * Everything goes to stderr, so that a command whose stdout is read by a program (`--json`) stays clean. A step that takes
 * long is one line: what it does, marks of progress, and the seconds it took.
 */
import { spawn, spawnSync } from 'node:child_process'

/** A failure that says what to do next; printed without a stack. */
export class SetupError extends Error {}

/** @param {string} line */
export function say(line) {
  process.stderr.write(`${line}\n`)
}

/**
 * Runs one long step under one line.
 *
 * @template T
 * @param {string} what what is being done, in the present
 * @param {(mark: (text: string) => void) => Promise<T>} work calls `mark` with a word of progress, such as '50%'
 * @returns {Promise<T>}
 */
export async function step(what, work) {
  const began = performance.now()
  let lastMarkAt = began
  process.stderr.write(`${what} ...`)
  /** @param {string} text */
  const mark = (text) => {
    lastMarkAt = performance.now()
    process.stderr.write(` ${text}`)
  }
  const heartbeat = setInterval(() => {
    if (performance.now() - lastMarkAt > 4_900) mark('.')
  }, 5_000)
  try {
    const result = await work(mark)
    process.stderr.write(` ${((performance.now() - began) / 1000).toFixed(1)} s\n`)
    return result
  } catch (error) {
    process.stderr.write(' failed\n')
    throw error
  } finally {
    clearInterval(heartbeat)
  }
}

/**
 * Runs a command to its end and keeps what it said.
 *
 * @param {string} command
 * @param {string[]} args
 * @param {import('node:child_process').SpawnOptions & { timeoutMs?: number }} [options]
 * @returns {Promise<{ code: number, output: string }>} exit code (127 where the command does not exist, 124 after the
 *   time-out) and stdout and stderr together
 */
export function run(command, args, { timeoutMs, ...options } = {}) {
  return new Promise((resolve) => {
    let output = ''
    let timedOut = false
    const child = spawn(command, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] })
    const timer = timeoutMs
      ? setTimeout(() => {
          timedOut = true
          child.kill('SIGKILL')
        }, timeoutMs)
      : undefined
    child.stdout?.on('data', (data) => {
      output += data
    })
    child.stderr?.on('data', (data) => {
      output += data
    })
    child.on('error', (error) => {
      clearTimeout(timer)
      resolve({ code: 127, output: error.message })
    })
    child.on('close', (code) => {
      clearTimeout(timer)
      resolve({ code: timedOut ? 124 : (code ?? 1), output })
    })
  })
}

/**
 * A quick command's stdout, or undefined where it fails or does not exist.
 *
 * @param {string} command
 * @param {string[]} args
 */
export function ask(command, args) {
  const { status, stdout } = spawnSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] })
  return status === 0 ? stdout : undefined
}

/**
 * The last lines of a command's output, for an error message.
 *
 * @param {string} output
 */
export function tail(output, lines = 15) {
  return output.trimEnd().split('\n').slice(-lines).join('\n')
}
