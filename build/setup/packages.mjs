/** The locked npm packages, and the Node.js that runs Tessera's TypeScript (itself one of them). */
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { ask, run, SetupError, step, tail } from './say.mjs'

const OLDEST_NODE_MAJOR = 20

/** @param {string} root */
const ownNodePath = (root) => path.join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node')

/** Throws where the Node.js that started the set-up is older than package.json's `engines` allows. */
export function checkNode(version = process.versions.node) {
  if (Number(version.split('.')[0]) < OLDEST_NODE_MAJOR) {
    throw new SetupError(`Node.js ${version} is too old: install Node.js ${OLDEST_NODE_MAJOR} or newer from https://nodejs.org`)
  }
}

/**
 * Whether node_modules holds what package-lock.json says. npm writes node_modules/.package-lock.json last, so an
 * interrupted installation counts as missing; a package for another platform is optional and may be absent.
 *
 * @param {string} root
 */
export function packagesAreCurrent(root) {
  const installed = lockedPackages(path.join(root, 'node_modules', '.package-lock.json'))
  const wanted = lockedPackages(path.join(root, 'package-lock.json'))
  if (!installed || !wanted) return false
  return Object.entries(wanted).every(([where, entry]) => {
    if (where === '') return true
    const present = installed[where]
    return present ? present.version === entry.version && present.integrity === entry.integrity : entry.optional === true
  })
}

/**
 * @param {string} file
 * @returns {Record<string, { version?: string, integrity?: string, optional?: boolean }> | undefined}
 */
function lockedPackages(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages
  } catch {
    return undefined
  }
}

/**
 * Installs the locked packages where node_modules differs from package-lock.json.
 *
 * @param {string} root the checkout
 * @returns {Promise<string>} the path of the project's own Node.js
 */
export async function bringPackages(root) {
  if (!packagesAreCurrent(root)) {
    const lock = lockedPackages(path.join(root, 'package-lock.json'))
    // `npm ci` begins by removing node_modules; where there is one already, only the difference is installed.
    const how = existsSync(path.join(root, 'node_modules', '.package-lock.json')) ? ['install', '--no-save'] : ['ci']
    await step(`Installing the locked packages (up to ${Object.keys(lock ?? {}).length} of them)`, async () => {
      const { code, output } = await npm(root, [
        ...how,
        '--include=dev',
        '--include=optional',
        '--no-audit',
        '--no-fund',
        '--loglevel=error',
      ])
      // npm says what is wrong first, and how it is used after.
      if (code !== 0) throw new SetupError(`npm ${how[0]} failed:\n${output.split('\n').slice(0, 15).join('\n')}`)
    })
  }
  return bringNode(root)
}

/** @param {string} root */
async function bringNode(root) {
  const wanted = lockedPackages(path.join(root, 'package-lock.json'))?.['node_modules/node']?.version
  const own = ownNodePath(root)
  const isWanted = () => ask(own, ['--version'])?.trim() === `v${wanted}`
  if (!isWanted()) {
    // The package `node` fetches the binary from its install script, which npm may have been told not to run.
    await step(`Bringing Node.js ${wanted}`, async () => {
      const folder = path.join(root, 'node_modules', 'node')
      const { code, output } = await run(outerNode(), ['installArchSpecificPackage.js'], {
        cwd: folder,
        env: { ...process.env, npm_config_ignore_scripts: 'true' },
      })
      if (code !== 0 || !isWanted()) throw new SetupError(`Node.js ${wanted} did not install:\n${tail(output)}`)
    })
  }
  return own
}

/** A Node.js outside node_modules, because npm is about to replace what is inside. */
function outerNode() {
  const candidates = [process.env.npm_node_execpath, process.execPath]
  return candidates.find((one) => one && !one.includes(`${path.sep}node_modules${path.sep}`)) ?? 'node'
}

/**
 * @param {string} root
 * @param {string[]} args
 */
function npm(root, args) {
  // Under `npm run` node_modules/.bin comes first on the PATH; npm must not be run by the Node.js that it replaces.
  const outside = (process.env.PATH ?? '')
    .split(path.delimiter)
    .filter((folder) => !folder.includes('node_modules'))
    .join(path.delimiter)
  const env = { ...process.env, PATH: outside }
  const script = process.env.npm_execpath
  if (script?.endsWith('.js')) return run(outerNode(), [script, ...args], { cwd: root, env })
  return run('npm', args, { cwd: root, env, shell: process.platform === 'win32' })
}
