/** System libraries and programs: found, installed (as root on Debian), or named with the command that installs them. */
import { existsSync, readdirSync, statSync } from 'node:fs'
import path from 'node:path'
import { ask, run, SetupError, say, step, tail } from './say.mjs'

/**
 * One thing that the system must provide. `packages` are Debian's names; an inner list holds the names of one package
 * in different releases.
 *
 * @typedef {{ name: string, packages: (string | string[])[], isPresent: () => boolean }} Part
 */

/** What Electron's executable links to, and what it opens by name later. */
const ELECTRON_PACKAGES = [
  ['libgtk-3-0t64', 'libgtk-3-0'],
  ['libasound2t64', 'libasound2'],
  'libnss3',
  'libgbm1',
  'libxss1',
  'libxtst6',
  'libnotify4',
]

/**
 * @param {string} executable
 * @returns {Part}
 */
export function electronLibraries(executable) {
  return {
    name: 'the libraries that Electron links to',
    packages: ELECTRON_PACKAGES,
    isPresent: () => !(ask('ldd', [executable]) ?? '').includes('not found'),
  }
}

/** @type {Record<'display' | 'pcscLibrary' | 'pcscService', Part>} */
export const PARTS = {
  display: { name: 'Xvfb, a display without a screen', packages: ['xvfb'], isPresent: () => hasProgram('Xvfb') },
  pcscLibrary: { name: 'the PC/SC library', packages: ['libpcsclite1'], isPresent: () => hasLibrary('libpcsclite.so.1') },
  pcscService: { name: 'the PC/SC service', packages: ['pcscd', 'libccid'], isPresent: () => hasProgram('pcscd') },
}

/** What only the tests use: a virtual reader, other people's card software, another broker. @type {Part[]} */
export const TEST_PARTS = [
  {
    name: 'the virtual reader (vpcd)',
    packages: ['vsmartcard-vpcd'],
    isPresent: () => containsFile('/usr/lib/pcsc/drivers/serial', 'libifdvpcd'),
  },
  { name: 'yubico-piv-tool', packages: ['yubico-piv-tool'], isPresent: () => hasProgram('yubico-piv-tool') },
  { name: 'OpenSC', packages: ['opensc'], isPresent: () => hasProgram('pkcs11-tool') },
  { name: 'Mosquitto', packages: ['mosquitto'], isPresent: () => hasProgram('mosquitto') },
  { name: 'OpenSSL', packages: ['openssl'], isPresent: () => hasProgram('openssl') },
]

/** Python with pip and venv: brings the trial Electron, and the test peers that are written in Python. @type {Part} */
export const PYTHON = {
  name: 'Python with pip',
  packages: ['python3', 'python3-pip', 'python3-venv'],
  isPresent: () => ask('python3', ['-c', 'import pip, ensurepip']) !== undefined,
}

/** @param {string} name */
function hasProgram(name) {
  // Services lie in sbin, which a person's PATH often lacks.
  const folders = [...(process.env.PATH ?? '').split(path.delimiter), '/usr/sbin', '/sbin']
  return folders.some((folder) => folder !== '' && isFile(path.join(folder, name)))
}

/** @param {string} file */
function isFile(file) {
  return statSync(file, { throwIfNoEntry: false })?.isFile() ?? false
}

/** @param {string} soname */
function hasLibrary(soname) {
  return (ask('/sbin/ldconfig', ['-p']) ?? ask('ldconfig', ['-p']) ?? '').includes(soname)
}

/**
 * @param {string} folder
 * @param {string} start
 */
function containsFile(folder, start) {
  return existsSync(folder) && readdirSync(folder).some((name) => name.startsWith(start))
}

/**
 * Makes sure that the parts are there; does nothing off Linux, where the system or the installer brings them.
 *
 * @param {Part[]} parts
 * @param {{ optional?: boolean }} [options] optional: say what is missing and go on
 */
export async function bringSystemParts(parts, { optional = false } = {}) {
  if (process.platform !== 'linux') return
  const missing = parts.filter((part) => !part.isPresent())
  if (missing.length === 0) return
  const names = missing.map((part) => part.name).join(', ')
  const isDebian = existsSync('/etc/debian_version') && hasProgram('apt-get')
  const problem = isDebian && process.getuid?.() === 0 ? await aptInstall(missing, names) : adviceFor(missing, names, isDebian)
  if (problem === undefined) return
  if (!optional) throw new SetupError(problem)
  say(problem)
}

/**
 * @param {Part[]} missing
 * @param {string} names
 * @param {boolean} isDebian
 */
function adviceFor(missing, names, isDebian) {
  const packages = chooseNames(missing.flatMap((part) => part.packages)).join(' ')
  return isDebian
    ? `Missing: ${names}. Install with:\n  sudo apt-get update && sudo apt-get install --yes ${packages}`
    : `Missing: ${names}. Install what your system calls these Debian packages:\n  ${packages}`
}

/**
 * @param {Part[]} missing
 * @param {string} names
 * @returns {Promise<string | undefined>} what went wrong
 */
async function aptInstall(missing, names) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const wanted = missing.flatMap((part) => part.packages)
  const install = () =>
    run('apt-get', ['install', '--yes', '--no-install-recommends', '-o', 'DPkg::Lock::Timeout=120', ...chooseNames(wanted)], {
      env,
    })
  try {
    await step(`Installing ${names}`, async (mark) => {
      let result = await install()
      if (result.code !== 0) {
        // The lists of a fresh machine are empty, those of an old one name files that are gone.
        mark('refreshing the package lists')
        const update = await run('apt-get', ['update'], { env })
        result = update.code === 0 ? await install() : update
      }
      if (result.code !== 0) throw new SetupError(tail(result.output))
    })
  } catch (error) {
    return `${adviceFor(missing, names, true)}\nbecause it did not work by itself:\n${error instanceof Error ? error.message : error}`
  }
  const still = missing.filter((part) => !part.isPresent())
  return still.length === 0 ? undefined : `Still missing after the installation: ${still.map((part) => part.name).join(', ')}`
}

/**
 * Of the names that one package has in different releases, the one that this release knows.
 *
 * @param {(string | string[])[]} packages
 */
function chooseNames(packages) {
  return packages.map((names) => {
    if (typeof names === 'string') return names
    return names.find((name) => isInstallable(name)) ?? /** @type {string} */ (names.at(-1))
  })
}

/** @param {string} name */
function isInstallable(name) {
  return /Candidate: [^(]/.test(ask('apt-cache', ['policy', name]) ?? '')
}

/** Whether there is a display to open a window on; elsewhere than on Linux there always is. */
export function hasDisplay() {
  return process.platform !== 'linux' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY)
}
