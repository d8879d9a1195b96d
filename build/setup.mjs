/**
 * The set-up in front of every npm script: `node build/setup.mjs COMMAND [arguments]`.
 *
 * It makes sure that what the command needs is there, says in one line each what it had to do, and then hands over to the
 * command, run by the project's own Node.js. It is plain JavaScript without dependencies, because in a fresh clone it is run
 * by whatever Node.js (20 or newer) the person has.
 */
import { spawn } from 'node:child_process'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { bringElectron } from './setup/electron.mjs'
import { bringPackages, checkNode } from './setup/packages.mjs'
import { SetupError, say } from './setup/say.mjs'
import { bringSystemParts, electronLibraries, hasDisplay, PARTS, PYTHON, TEST_PARTS } from './setup/system.mjs'

/**
 * needs: 'packages' (npm's), 'window' (also Electron, what it links to, a display, PC/SC), 'tests' (also what the tests put
 * Tessera against), 'official' (an Electron that may be packaged).
 *
 * @type {Record<string, { run?: string[], needs: 'packages' | 'window' | 'tests' | 'official' }>}
 */
const COMMANDS = {
  setup: { needs: 'tests' },
  start: { run: ['build/start.ts'], needs: 'window' },
  tour: { run: ['build/tour.ts'], needs: 'window' },
  test: { run: ['build/test.ts'], needs: 'tests' },
  'test:unit': { run: ['build/test.ts', '--project', 'unit'], needs: 'packages' },
  'test:real': { run: ['build/test.ts', '--project', 'real', '--project', 'window'], needs: 'tests' },
  check: { run: ['build/check.ts'], needs: 'packages' },
  build: { run: ['build/bundle.ts'], needs: 'packages' },
  gallery: { run: ['build/gallery.ts'], needs: 'window' },
  pictures: { run: ['build/pictures.ts'], needs: 'window' },
  bench: { run: ['bench/cli.ts'], needs: 'tests' },
  detection: { run: ['detection/cli.ts'], needs: 'packages' },
  pack: { run: ['build/pack.ts'], needs: 'official' },
  gateway: { run: ['gateway/cli.ts'], needs: 'packages' },
  service: { run: ['service/cli.ts'], needs: 'packages' },
  records: { run: ['examples/records/main.ts'], needs: 'packages' },
  'try-service': { run: ['build/try-service.ts'], needs: 'packages' },
  card: { run: ['native/virtual-card/cli.ts'], needs: 'packages' },
  edhoc: { run: ['build/edhoc.ts'], needs: 'packages' },
}

const SETUP_HELP = `Brings what the other commands and the tests need: the locked packages, an Electron, a display, PC/SC and the programs
that the tests put Tessera against. A second run does only what is missing; each command does its own part of it by itself.`

const root = path.dirname(path.dirname(fileURLToPath(import.meta.url)))

/**
 * @param {'packages' | 'window' | 'tests' | 'official'} needs
 * @returns {Promise<string>} the path of the project's own Node.js
 */
async function setUp(needs) {
  checkNode()
  const node = await bringPackages(root)
  if (needs === 'packages') return node
  const electron = await bringElectron(root, node, { officialOnly: needs === 'official' })
  if (needs === 'official') return node
  const pcsc = [PARTS.pcscLibrary, PARTS.pcscService]
  if (needs === 'tests') {
    // In one go, so that who has to install it is told everything at once.
    await bringSystemParts([electronLibraries(electron.executable), PARTS.display, ...pcsc, ...TEST_PARTS, PYTHON])
  } else {
    await bringSystemParts([electronLibraries(electron.executable), ...(hasDisplay() ? [] : [PARTS.display])])
    // Without PC/SC the window still opens, with simulated cards.
    await bringSystemParts(pcsc, { optional: true })
  }
  return node
}

/**
 * Runs the command in the foreground; signals go to it, and its end is ours.
 *
 * @param {string} node
 * @param {string[]} args
 */
function handOver(node, args) {
  const child = spawn(node, args, { cwd: process.cwd(), stdio: 'inherit' })
  // A terminal's Ctrl-C reaches both processes; the command decides when it ends.
  process.on('SIGINT', () => {})
  for (const signal of /** @type {const} */ (['SIGTERM', 'SIGHUP'])) process.on(signal, () => child.kill(signal))
  child.on('error', (error) => {
    say(`The command did not start: ${error.message}`)
    process.exitCode = 1
  })
  child.on('close', (code, signal) => {
    process.exitCode = code ?? (signal === 'SIGINT' ? 130 : 143)
  })
}

const [name = '', ...args] = process.argv.slice(2)
const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
if (!command) {
  say(`usage: node build/setup.mjs ${Object.keys(COMMANDS).join(' | ')} [arguments]`)
  process.exitCode = 2
} else {
  try {
    // Who asks what a command does need not wait for an Electron.
    const asksHelp = args.includes('--help') || args.includes('-h')
    const node = await setUp(asksHelp ? 'packages' : command.needs)
    const [file, ...fixed] = command.run ?? []
    if (!file && asksHelp) console.log(SETUP_HELP)
    if (file) handOver(node, [path.join(root, file), ...fixed, ...args])
  } catch (error) {
    if (!(error instanceof SetupError)) throw error
    say(error.message)
    process.exitCode = 1
  }
}
