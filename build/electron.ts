import { readFileSync } from 'node:fs'
import path from 'node:path'

/** The Electron that the set-up found or brought. */
export type Electron = {
  /** Absolute path of the program. */
  readonly executable: string
  /** Such as '45.4.1'; 'unknown' where an override folder does not say. */
  readonly version: string
  /** 'trial' is the old runtime for trials and tests; it is never packaged. */
  readonly kind: 'override' | 'official' | 'trial'
}

/** The root of the checkout. */
export const root = path.dirname(import.meta.dirname)

/**
 * Reads what build/setup.mjs wrote to .electron/current.json.
 *
 * @throws Error where the set-up has not run yet; the message says how to run it
 */
export function findElectron(): Electron {
  try {
    return JSON.parse(readFileSync(path.join(root, '.electron', 'current.json'), 'utf8'))
  } catch {
    throw new Error('There is no Electron yet: run `npm run setup` first.')
  }
}

/** Chromium's sandbox does not start as root; only there is it switched off. */
export function sandboxArguments(): string[] {
  return process.getuid?.() === 0 ? ['--no-sandbox'] : []
}
