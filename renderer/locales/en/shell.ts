/** The tray and the system’s notifications, in English. */
export const shell = {
  'shell.show': 'Show Tessera',
  'shell.lock': 'Lock the desk',
  'shell.quit': 'Quit Tessera',
  'shell.blocked': 'a card is blocked',
  'shell.offline': 'gateway not reachable',
  'shell.card': 'a card is in',
  'shell.online': 'ready',
  'shell.block-title': 'A card was blocked',
  'shell.block-body': 'Tessera says what still works and who can help.',
  'shell.finding-title': 'There is a new finding',
  'shell.finding-body': 'Open Findings to see what the gateway saw.',
} as const
