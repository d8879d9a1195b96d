/**
 * Bundles the terminal into dist/: what Electron runs. Each bundle is built again only where one of its inputs changed.
 *
 * The code runs on the current Electron and on Electron 22 (Node 16.17, Chromium 108), so esbuild lowers the syntax to that.
 */
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { type BuildOptions, build, type Metafile, type Plugin, stop } from 'esbuild'
import { readArguments } from './arguments.ts'
import { root } from './electron.ts'

const HELP = `Bundles the terminal into dist/, as far as something has changed.

  npm run build -- [options]

  --clean  removes dist/ first
  --help`

const dist = path.join(root, 'dist')

const forNode: BuildOptions = {
  platform: 'node',
  format: 'cjs',
  target: 'node16',
  sourcemap: 'linked',
  // Electron reads and parses the whole file before the first window; names stay, for stacks.
  minifyWhitespace: true,
  minifySyntax: true,
  // koffi finds its native part beside itself; electron is the runtime.
  external: ['electron', 'koffi'],
  // CommonJS has no import.meta.
  banner: { js: "const importMetaUrl = require('node:url').pathToFileURL(__filename).href;" },
  define: { 'import.meta.dirname': '__dirname', 'import.meta.filename': '__filename', 'import.meta.url': 'importMetaUrl' },
}

const BUNDLE_NAMES = ['main', 'pcsc-host', 'preload', 'renderer'] as const
type BundleName = (typeof BUNDLE_NAMES)[number]

const BUNDLES: Readonly<Record<BundleName, BuildOptions>> = {
  main: { ...forNode, entryPoints: { main: 'electron/main.ts' }, outExtension: { '.js': '.cjs' } },
  'pcsc-host': { ...forNode, entryPoints: { 'pcsc-host': 'native/pcsc/host.ts' }, outExtension: { '.js': '.cjs' } },
  preload: {
    // A sandboxed preload may require electron and nothing else, so Node's modules must not resolve.
    platform: 'browser',
    format: 'cjs',
    target: 'chrome108',
    external: ['electron'],
    entryPoints: { preload: 'electron/preload.ts' },
    outExtension: { '.js': '.cjs' },
  },
  renderer: {
    platform: 'browser',
    format: 'esm',
    target: 'chrome108',
    minify: true,
    // The window's content security policy allows no maps; they are for reading a stack by hand.
    sourcemap: 'external',
    jsx: 'automatic',
    define: { 'process.env.NODE_ENV': '"production"' },
    loader: { '.html': 'copy', '.svg': 'file', '.woff2': 'file', '.png': 'file' },
    assetNames: 'renderer/assets/[name]-[hash]',
    // Each language is fetched by itself.
    splitting: true,
    chunkNames: 'renderer/chunks/[name]-[hash]',
    entryPoints: {
      'renderer/main': 'renderer/main.tsx',
      'renderer/index': 'renderer/index.html',
      // Drawn in a window that nobody sees, and printed.
      'renderer/slips': 'renderer/slips/slips.ts',
    },
    plugins: [leaveOutOlderFonts()],
  },
}

/** Chromium reads woff2; style sheets of typefaces also name older formats. */
function leaveOutOlderFonts(): Plugin {
  return {
    name: 'leave-out-older-fonts',
    setup(context) {
      context.onResolve({ filter: /\.(?:woff|ttf|eot)$/ }, ({ path: file }) => ({ path: file, external: true }))
    },
  }
}

/** What a bundle was made of, and what came out. */
type BundleRecord = {
  readonly recipe: string
  readonly inputs: Readonly<Record<string, string>>
  readonly outputs: readonly string[]
}

/** Size and time of change tell whether a file is another one. */
function markOf(file: string): string {
  const entry = statSync(file, { throwIfNoEntry: false })
  return entry ? `${entry.size} ${entry.mtimeMs}` : 'absent'
}

function recipeOf(options: BuildOptions): string {
  const lock = readFileSync(path.join(root, 'package-lock.json'))
  return createHash('sha256').update(JSON.stringify(options)).update(lock).digest('hex')
}

const recordFile = (name: string) => path.join(dist, `.${name}.json`)

function isCurrent(name: string, recipe: string): boolean {
  if (!existsSync(recordFile(name))) return false
  const record: BundleRecord = JSON.parse(readFileSync(recordFile(name), 'utf8'))
  return (
    record.recipe === recipe &&
    record.outputs.every((file) => existsSync(path.join(dist, file))) &&
    Object.entries(record.inputs).every(([file, mark]) => markOf(path.join(root, file)) === mark)
  )
}

function inputMarks(metafile: Metafile): Record<string, string> {
  return Object.fromEntries(Object.keys(metafile.inputs).map((file) => [file, markOf(path.join(root, file))]))
}

/** Written aside and renamed, so that a window that is just starting never reads half a file. */
function writeWhole(file: string, contents: Uint8Array | string): void {
  mkdirSync(path.dirname(file), { recursive: true })
  const aside = `${file}.${process.pid}`
  writeFileSync(aside, contents)
  renameSync(aside, file)
}

/** What an earlier build left under names that carry its contents would be packaged for ever. */
function removeSuperseded(name: string, outputs: readonly string[]): void {
  if (!existsSync(recordFile(name))) return
  const earlier: BundleRecord = JSON.parse(readFileSync(recordFile(name), 'utf8'))
  for (const file of earlier.outputs) if (!outputs.includes(file)) rmSync(path.join(dist, file), { force: true })
}

async function bundleOne(name: string, options: BuildOptions): Promise<boolean> {
  const recipe = recipeOf(options)
  if (isCurrent(name, recipe)) return false
  const { metafile, outputFiles } = await build({
    ...options,
    absWorkingDir: root,
    outdir: dist,
    bundle: true,
    charset: 'utf8',
    legalComments: 'linked',
    logLevel: 'silent',
    metafile: true,
    write: false,
  })
  for (const { path: file, contents } of outputFiles) writeWhole(file, contents)
  const outputs = outputFiles.map(({ path: file }) => path.relative(dist, file))
  removeSuperseded(name, outputs)
  const record: BundleRecord = { recipe, inputs: inputMarks(metafile), outputs }
  writeWhole(recordFile(name), JSON.stringify(record))
  return true
}

/**
 * Brings bundles up to date: all of them, or those that are named.
 *
 * @returns the names of those that were built
 * @throws AggregateError with esbuild's messages, after the others were built
 */
export async function bundle(names: readonly BundleName[] = BUNDLE_NAMES): Promise<string[]> {
  const results = await Promise.allSettled(names.map((name) => bundleOne(name, BUNDLES[name])))
  const errors = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as Error] : []))
  // esbuild's own process would stay for as long as the window is open.
  await stop()
  if (errors.length > 0) throw new AggregateError(errors, errors.map((error) => error.message).join('\n'))
  return names.filter((_, i) => results[i]?.status === 'fulfilled' && (results[i] as PromiseFulfilledResult<boolean>).value)
}

if (import.meta.main) {
  const { values } = readArguments(HELP, { clean: { type: 'boolean', default: false } })
  if (values.clean) rmSync(dist, { recursive: true, force: true })
  const began = performance.now()
  try {
    const built = await bundle()
    const seconds = ((performance.now() - began) / 1000).toFixed(1)
    console.log(built.length === 0 ? 'The bundles are current.' : `Bundled ${built.join(', ')} in ${seconds} s.`)
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}
