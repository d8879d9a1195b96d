/** `npm run pack [-- electron-builder's arguments]`: installers of the terminal, always from the official Electron. */
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundle } from './bundle.ts'
import { findElectron, root } from './electron.ts'

const HELP = `Makes installers of the terminal for this system into dist-packages/, from the official Electron only.

  npm run pack [-- ELECTRON-BUILDER'S ARGUMENTS...]

  --help

Where the official Electron cannot be downloaded, ELECTRON_OVERRIDE_DIST_PATH names a folder with it.`

if (process.argv.includes('--help')) {
  console.log(HELP)
  process.exit(0)
}
const electron = findElectron()
const isTrial =
  electron.kind === 'trial' || existsSync(path.join(path.dirname(electron.executable), 'resources', 'app', 'main.js'))
if (isTrial) {
  console.error(`The trial runtime (Electron ${electron.version}) is never packaged: the official Electron is needed.`)
  process.exit(1)
}
await bundle()
const { version } = JSON.parse(readFileSync(path.join(root, 'node_modules', 'electron', 'package.json'), 'utf8'))
const { status } = spawnSync(
  process.execPath,
  [
    fileURLToPath(import.meta.resolve('electron-builder/cli.js')),
    '--publish=never',
    `--config.electronVersion=${electron.kind === 'override' ? electron.version : version}`,
    `--config.electronDist=${distFolder(electron.executable)}`,
    ...process.argv.slice(2),
  ],
  { cwd: root, stdio: 'inherit' },
)
process.exit(status ?? 1)

/** The folder that holds the whole Electron: beside the program, or around the .app on macOS. */
function distFolder(executable: string): string {
  const app = executable.indexOf('Electron.app')
  return app < 0 ? path.dirname(executable) : executable.slice(0, app)
}
