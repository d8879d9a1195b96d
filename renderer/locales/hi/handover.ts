/** A login that was handed to another program on this computer, in Hindi. */
export const handover = {
  'handover.done': 'यह लॉगिन {time} बजे {name} को सौंपा गया',
  'handover.count': { one: 'इस लॉगिन में {count} बार', other: 'इस लॉगिन में {count} बार' },
} as const
