/** `npm test`: the checks, then every test; ends on the line 'N passed, N failed', in which a check counts like a test. */
import { startVitest } from 'vitest/node'
import { readArguments } from './arguments.ts'
import { runChecks } from './check.ts'
import { root } from './electron.ts'

const HELP = `Runs the checks and every test.

  npm test -- [options] [NAME...]

  NAME            only the test files with that in their path, and no checks
  --project NAME  only these tests, and no checks: unit, real or window; may be repeated
  --help`

type Count = { passed: number; failed: number }

async function runTests(projects: readonly string[], filters: readonly string[]): Promise<Count> {
  const count: Count = { passed: 0, failed: 0 }
  const vitest = await startVitest([...filters], { root, run: true, watch: false, project: [...projects], passWithNoTests: true })
  for (const module of vitest.state.getTestModules()) {
    // A file that does not load, or whose hooks fail, has no failing test to show for it.
    let suiteFailures = module.errors().length
    for (const suite of module.children.allSuites()) suiteFailures += suite.errors().length
    count.failed += suiteFailures
    for (const test of module.children.allTests()) {
      const { state } = test.result()
      if (state === 'passed') count.passed += 1
      else if (state === 'failed') count.failed += 1
      // Everything that a test needs is set up before; what does not run is not proved.
      else if (suiteFailures === 0) {
        console.error(`not run: ${module.relativeModuleId} > ${test.fullName}`)
        count.failed += 1
      }
    }
  }
  count.failed += vitest.state.getUnhandledErrors().length
  await vitest.close()
  return count
}

const { values, positionals } = readArguments(
  HELP,
  { project: { type: 'string', multiple: true, default: [] } },
  { allowPositionals: true },
)
const isWhole = values.project.length === 0 && positionals.length === 0
const checks = isWhole ? await runChecks() : { passed: 0, failed: 0 }
const tests = await runTests(values.project, positionals)
const passed = checks.passed + tests.passed
const failed = checks.failed + tests.failed
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 && tests.passed > 0 ? 0 : 1
