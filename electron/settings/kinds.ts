/** What a setting's schema says of itself: how a value is written in the environment, chosen in the window, and named when wrong. */
import type * as v from 'valibot'
import type { SettingControl } from '../contract/settings.ts'

/** Undefined for text, which has no control of its own. */
export function controlOf(schema: v.GenericSchema): SettingControl | undefined {
  if (schema.type === 'picklist') return { kind: 'choice', options: (schema as v.PicklistSchema<string[], undefined>).options }
  if (schema.type === 'boolean') return { kind: 'switch' }
  if (schema.type !== 'number') return undefined
  const limit = (type: string, otherwise: number): number => {
    const action = partsOf(schema).find((part) => part.type === type)
    return action === undefined ? otherwise : Number(action.requirement)
  }
  return {
    kind: 'number',
    least: limit('min_value', Number.MIN_SAFE_INTEGER),
    most: limit('max_value', Number.MAX_SAFE_INTEGER),
  }
}

/** The steps of a valibot pipe, each with its type and what it requires. */
function partsOf(schema: v.GenericSchema): readonly { readonly type: string; readonly requirement?: unknown }[] {
  const { pipe } = schema as { pipe?: readonly { readonly type: string; readonly requirement?: unknown }[] }
  return pipe ?? []
}

/** What stands in a variable, as the value it means; text that means none stays text, and the schema refuses it. */
export function fromVariable(schema: v.GenericSchema, text: string): unknown {
  if (schema.type === 'number') return /^\d{1,9}$/.test(text) ? Number(text) : text
  if (schema.type === 'boolean') return text === 'true' ? true : text === 'false' ? false : text
  if (schema.type === 'string' || schema.type === 'picklist') return text
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

export function wantedBy(schema: v.GenericSchema): string {
  const control = controlOf(schema)
  switch (control?.kind) {
    case 'choice':
      return `must be ${control.options.slice(0, -1).join(', ')} or ${control.options[control.options.length - 1]}`
    case 'switch':
      return 'must be true or false'
    case 'number':
      return `must be a whole number from ${control.least} to ${control.most}`
    case undefined:
      return 'has a value that cannot be used'
    default:
      return control satisfies never
  }
}
