/** A login that was handed to another program on this computer, in Spanish. */
export const handover = {
  'handover.done': 'El inicio de sesión se entregó a {name} a las {time}',
  'handover.count': {
    one: 'una vez en este inicio de sesión',
    many: '{count} veces en este inicio de sesión',
    other: '{count} veces en este inicio de sesión',
  },
} as const
