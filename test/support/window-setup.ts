import { bundle } from '../../build/bundle.ts'
import { startDisplay } from './display.ts'

/** Vitest's global set-up for tests that open the window: the bundle is current and there is a display. */
export default async function setUp(): Promise<() => void> {
  await bundle()
  const display = await startDisplay()
  return () => display.stop()
}
