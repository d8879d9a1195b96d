/**
 * The layer rule of docs/architecture.md, checked on every import of every file (types and dynamic imports too), without a
 * list of exceptions; and that no imports run in a circle.
 */
import { readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import path from 'node:path'
import { parseSync, Visitor } from 'oxc-parser'

export type Violation = {
  /** Relative to the root, with forward slashes. */
  readonly file: string
  readonly line: number
  readonly rule: 'layer' | 'package' | 'cycle' | 'home'
  readonly message: string
}

type Layer = {
  /** A folder (ends in '/') or one file; the longest that fits a file is the file's layer. */
  readonly place: string
  /** Folders and files that it may import. */
  readonly imports: readonly string[]
  /** Packages that it may import; 'node:' stands for all that Node.js has built in, '@scope/start*' for all that begin so. */
  readonly packages: readonly string[]
}

const WINDOW_PACKAGES = ['react', 'react-dom', 'react-aria-components', 'zustand', 'lucide-react', '@fontsource*', 'valibot']
const PROTOCOL_PACKAGES = ['valibot', '@peculiar/asn1-*']
const NATIVE_PACKAGES = ['node:', 'koffi', 'mqtt', 'valibot', '@peculiar/asn1-*']

/** The table of docs/architecture.md. */
const LAYERS: readonly Layer[] = [
  { place: 'protocol/', imports: ['protocol/'], packages: PROTOCOL_PACKAGES },
  { place: 'native/', imports: ['protocol/', 'native/'], packages: NATIVE_PACKAGES },
  {
    // The card in software and the card edge check each other: they share byte formats, nothing else.
    place: 'native/virtual-card/',
    imports: ['native/', 'protocol/bytes.ts', 'protocol/tlv.ts', 'protocol/apdu.ts', 'protocol/crypto.ts'],
    packages: ['node:', 'valibot'],
  },
  {
    place: 'gateway/',
    imports: ['protocol/', 'native/', 'gateway/'],
    packages: ['node:', 'aedes', 'mqtt', 'valibot', '@peculiar/asn1-*'],
  },
  { place: 'service/', imports: ['protocol/', 'native/', 'service/'], packages: ['node:', 'mqtt', 'valibot'] },
  // What a service's programmer writes: the library and nothing behind it.
  { place: 'examples/', imports: ['service/', 'examples/'], packages: ['node:', 'valibot', 'jose'] },
  {
    place: 'electron/',
    imports: ['protocol/', 'native/', 'electron/'],
    packages: ['electron', 'csv-parse', ...NATIVE_PACKAGES],
  },
  // What both sides of the IPC see runs in the window too.
  { place: 'electron/contract/', imports: ['electron/contract/', 'protocol/'], packages: PROTOCOL_PACKAGES },
  { place: 'electron/preload.ts', imports: ['electron/contract/'], packages: ['electron'] },
  { place: 'renderer/', imports: ['electron/contract/', 'renderer/'], packages: WINDOW_PACKAGES },
  // What makes labelled traffic knows nothing of the rules that judge it.
  { place: 'detection/traffic/', imports: ['detection/traffic/'], packages: [] },
  { place: 'detection/', imports: [''], packages: ['*'] },
  { place: 'build/', imports: [''], packages: ['*'] },
  { place: 'bench/', imports: [''], packages: ['*'] },
  { place: 'test/', imports: [''], packages: ['*'] },
]

const SOURCE = /\.(?:ts|tsx|mts|cts|js|mjs|cjs)$/
const NOT_OURS = new Set(['node_modules', 'dist', 'docs', 'coverage'])
const BUILT_IN = new Set(builtinModules)

/**
 * @param root the folder that holds the layers' folders
 * @returns every import that the table does not allow, every circle of imports once, and every source file in no layer
 */
export function findViolations(root: string, layers: readonly Layer[] = LAYERS): Violation[] {
  const violations: Violation[] = []
  const graph = new Map<string, Set<string>>()
  for (const file of sourceFiles(root)) {
    const targets = new Set<string>()
    graph.set(file, targets)
    if (!file.includes('/')) continue
    const layer = layerOf(file, layers)
    if (!layer) {
      violations.push({ file, line: 1, rule: 'home', message: 'lies in no layer of docs/architecture.md' })
      continue
    }
    for (const { specifier, line } of importsOf(root, file)) {
      if (specifier.startsWith('.')) {
        const target = path.posix.join(path.posix.dirname(file), specifier)
        targets.add(target)
        if (!layer.imports.some((place) => fits(target, place))) {
          violations.push({ file, line, rule: 'layer', message: `${layer.place} may not import ${target}` })
        }
      } else if (!layer.packages.some((name) => isPackage(specifier, name))) {
        violations.push({ file, line, rule: 'package', message: `${layer.place} may not import the package ${specifier}` })
      }
    }
  }
  return [...violations, ...findCycles(graph)]
}

function sourceFiles(root: string, folder = ''): string[] {
  return readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const name = path.posix.join(folder, entry.name)
    if (entry.isDirectory()) return entry.name.startsWith('.') || NOT_OURS.has(entry.name) ? [] : sourceFiles(root, name)
    return SOURCE.test(entry.name) ? [name] : []
  })
}

function layerOf(file: string, layers: readonly Layer[]): Layer | undefined {
  return layers.filter((layer) => fits(file, layer.place)).sort((a, b) => b.place.length - a.place.length)[0]
}

/** The empty place holds everything inside the root. */
function fits(file: string, place: string): boolean {
  if (place === '') return !file.startsWith('../')
  return place.endsWith('/') ? file.startsWith(place) : file === place
}

function isPackage(specifier: string, allowed: string): boolean {
  if (allowed === '*') return true
  const isBuiltIn = specifier.startsWith('node:') || BUILT_IN.has(specifier)
  if (allowed === 'node:') return isBuiltIn
  if (isBuiltIn) return false
  if (allowed.endsWith('*')) return specifier.startsWith(allowed.slice(0, -1))
  return specifier === allowed || specifier.startsWith(`${allowed}/`)
}

function importsOf(root: string, file: string): { specifier: string; line: number }[] {
  const text = readFileSync(path.join(root, file), 'utf8')
  const parsed = parseSync(file, text)
  const found: { specifier: string; line: number }[] = []
  const add = (node: { type: string; start: number; value?: unknown } | null) => {
    if (node?.type !== 'Literal' || typeof node.value !== 'string') return
    found.push({ specifier: node.value, line: text.slice(0, node.start).split('\n').length })
  }
  new Visitor({
    ImportDeclaration: (node) => add(node.source),
    ExportNamedDeclaration: (node) => add(node.source),
    ExportAllDeclaration: (node) => add(node.source),
    ImportExpression: (node) => add(node.source),
    TSImportType: (node) => add(node.source),
    CallExpression: (node) => {
      const argument = node.arguments[0]
      if (node.callee.type === 'Identifier' && node.callee.name === 'require' && argument) add(argument)
    },
  }).visit(parsed.program)
  return found
}

/** One violation for each circle that a walk through the imports comes upon, starting at its first file by name. */
function findCycles(graph: ReadonlyMap<string, ReadonlySet<string>>): Violation[] {
  const violations: Violation[] = []
  const finished = new Set<string>()
  const trail: string[] = []
  const walk = (file: string) => {
    const at = trail.indexOf(file)
    if (at >= 0) {
      const circle = trail.slice(at)
      violations.push({ file, line: 1, rule: 'cycle', message: `imports run in a circle: ${[...circle, file].join(' -> ')}` })
      return
    }
    if (finished.has(file)) return
    trail.push(file)
    for (const target of graph.get(file) ?? []) walk(target)
    trail.pop()
    finished.add(file)
  }
  for (const file of [...graph.keys()].sort()) walk(file)
  return violations
}

if (import.meta.main) {
  const violations = findViolations(path.dirname(import.meta.dirname))
  for (const { file, line, rule, message } of violations) console.error(`${file}:${line} ${rule}: ${message}`)
  process.exitCode = violations.length === 0 ? 0 : 1
}
