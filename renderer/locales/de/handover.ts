/** A login that was handed to another program on this computer, in German. */
export const handover = {
  'handover.done': 'Die Anmeldung wurde um {time} an {name} weitergegeben',
  'handover.count': { one: 'einmal in dieser Anmeldung', other: '{count}-mal in dieser Anmeldung' },
} as const
