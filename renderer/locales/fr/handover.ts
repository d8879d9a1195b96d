/** A login that was handed to another program on this computer, in French. */
export const handover = {
  'handover.done': 'La connexion a été transmise à {name} à {time}',
  'handover.count': {
    one: '{count} fois pendant cette connexion',
    many: '{count} fois pendant cette connexion',
    other: '{count} fois pendant cette connexion',
  },
} as const
