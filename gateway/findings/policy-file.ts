/** The policy's file: policy.json in the data folder, absent where the defaults are wanted. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { DEFAULT_POLICY, type Policy, parsePolicy } from './policy.ts'

/** Says what to do: the file's path, and each value that is wrong by its own path. */
class PolicyError extends Error {
  readonly file: string
  readonly problems: readonly string[]
  constructor(file: string, problems: readonly string[]) {
    super(`the policy ${file} cannot be used:\n${problems.map((problem) => `  ${problem}`).join('\n')}`)
    this.name = 'PolicyError'
    this.file = file
    this.problems = problems
  }
}

export function policyFileOf(dataDirectory: string): string {
  return join(dataDirectory, 'policy.json')
}

/** Throws a PolicyError. */
export function readPolicyFile(file: string): Policy {
  let value: unknown
  try {
    value = JSON.parse(readFileSync(file, 'utf8'))
  } catch (error) {
    throw new PolicyError(file, [error instanceof Error ? error.message : String(error)])
  }
  const parsed = parsePolicy(value)
  if (!parsed.ok) throw new PolicyError(file, parsed.problems)
  return parsed.policy
}

/** The data folder's policy, the defaults where it has none. Throws a PolicyError. */
export function policyOf(dataDirectory: string): Policy {
  const file = policyFileOf(dataDirectory)
  return existsSync(file) ? readPolicyFile(file) : DEFAULT_POLICY
}
