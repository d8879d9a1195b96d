/** The tray and the system’s notifications, in German. */
export const shell = {
  'shell.show': 'Tessera anzeigen',
  'shell.lock': 'Platz sperren',
  'shell.quit': 'Tessera beenden',
  'shell.blocked': 'eine Karte ist gesperrt',
  'shell.offline': 'Gateway nicht erreichbar',
  'shell.card': 'eine Karte steckt',
  'shell.online': 'bereit',
  'shell.block-title': 'Eine Karte wurde gesperrt',
  'shell.block-body': 'Tessera sagt, was noch geht und wer helfen kann.',
  'shell.finding-title': 'Es gibt einen neuen Befund',
  'shell.finding-body': 'Öffnen Sie Befunde, um zu sehen, was das Gateway gesehen hat.',
} as const
