/** `npm run check`: format, lint, types for each runtime, layers, unused code. Each failing check names file and rule. */
import { spawn } from 'node:child_process'
import path from 'node:path'
import { readArguments } from './arguments.ts'
import { root } from './electron.ts'

const HELP = `Checks format, lint, types for each runtime, layers and unused code, two at a time; exit status 1 where one fails.

  npm run check [-- --help]`

const tool = (...parts: string[]) => path.join(root, 'node_modules', ...parts)

const types = (config: string): readonly string[] => [tool('typescript', 'bin', 'tsc'), '--pretty', 'false', '-p', config]

/** Each check is a script that the project's Node.js runs, with its arguments. */
const CHECKS: Readonly<Record<string, readonly string[]>> = {
  'format and lint': [tool('@biomejs', 'biome', 'bin', 'biome'), 'check', '--error-on-warnings', '--max-diagnostics=200'],
  'types: protocol': types('tsconfig.protocol.json'),
  'types: terminal': types('tsconfig.terminal.json'),
  'types: preload': types('tsconfig.preload.json'),
  'types: window': types('tsconfig.renderer.json'),
  'types: gateway': types('tsconfig.gateway.json'),
  'types: service': types('tsconfig.service.json'),
  'types: build, bench, tests': types('tsconfig.json'),
  layers: [path.join(root, 'build', 'layers.ts')],
  'unused code': [tool('knip', 'bin', 'knip.js'), '--no-progress', '--treat-config-hints-as-errors'],
}

type Outcome = { readonly name: string; readonly ok: boolean; readonly ms: number; readonly output: string }

function runCheck(name: string, args: readonly string[]): Promise<Outcome> {
  const began = performance.now()
  return new Promise((resolve) => {
    let output = ''
    const child = spawn(process.execPath, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (data) => {
        output += data
      })
    }
    child.on('close', (code) => resolve({ name, ok: code === 0, ms: performance.now() - began, output }))
  })
}

/**
 * Runs every check, two at a time, prints a line for each and what the failing ones said.
 *
 * @returns how many passed and failed
 */
export async function runChecks(): Promise<{ passed: number; failed: number }> {
  const waiting = Object.entries(CHECKS)
  const outcomes: Outcome[] = []
  const worker = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      const outcome = await runCheck(...next)
      outcomes.push(outcome)
      console.log(`${outcome.ok ? 'ok    ' : 'FAILED'} ${outcome.name} (${(outcome.ms / 1000).toFixed(1)} s)`)
      if (!outcome.ok) console.log(outcome.output.trimEnd())
    }
  }
  await Promise.all([worker(), worker()])
  const passed = outcomes.filter((outcome) => outcome.ok).length
  return { passed, failed: outcomes.length - passed }
}

if (import.meta.main) {
  readArguments(HELP, {})
  const { failed } = await runChecks()
  process.exitCode = failed === 0 ? 0 : 1
}
