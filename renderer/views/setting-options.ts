/** The settings whose choices have words of their own, 'setting.<key>.<choice>'; a test finds a choice without them. */
const OPTIONS = {
  theme: ['system', 'light', 'dark', 'contrast'],
  operatorCard: ['stay-in', 'sign-in-only'],
  simulation: ['on', 'off', 'auto', 'only'],
  logLevel: ['error', 'info', 'debug'],
} as const

type Options = typeof OPTIONS
export type OptionText = { [K in keyof Options]: `setting.${K}.${Options[K][number]}` }[keyof Options]

export function hasWords(key: string, option: string): boolean {
  const known: Readonly<Record<string, readonly string[] | undefined>> = OPTIONS
  return known[key]?.includes(option) ?? false
}
