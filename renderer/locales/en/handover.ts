/** A login that was handed to another program on this computer, in English. */
export const handover = {
  'handover.done': 'The login was handed to {name} at {time}',
  'handover.count': { one: 'once in this login', other: '{count} times in this login' },
} as const
