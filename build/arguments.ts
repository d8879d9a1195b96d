/** Reads a script's command line: help where it is asked for, and a slip told in one line instead of a stack. */
import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'

interface Parsed<O extends ParseArgsOptionsConfig> {
  readonly values: ReturnType<typeof parseArgs<{ readonly options: O }>>['values']
  readonly positionals: readonly string[]
}

/** Ends the program with exit status 0 after the help, 2 after a slip. */
export function readArguments<const O extends ParseArgsOptionsConfig>(
  help: string,
  options: O,
  { allowPositionals = false }: { readonly allowPositionals?: boolean } = {},
): Parsed<O> {
  try {
    const parsed = parseArgs({
      options: { ...options, help: { type: 'boolean', short: 'h' } },
      allowPositionals,
    })
    if (Reflect.get(parsed.values, 'help') !== true) return parsed as Parsed<O>
    console.log(help)
    process.exit(0)
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${help}`)
    process.exit(2)
  }
}
