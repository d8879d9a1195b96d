/** The tray and the system’s notifications, in French. */
export const shell = {
  'shell.show': 'Afficher Tessera',
  'shell.lock': 'Verrouiller le poste',
  'shell.quit': 'Quitter Tessera',
  'shell.blocked': 'une carte est bloquée',
  'shell.offline': 'passerelle injoignable',
  'shell.card': 'une carte est insérée',
  'shell.online': 'prêt',
  'shell.block-title': 'Une carte a été bloquée',
  'shell.block-body': 'Tessera dit ce qui marche encore et qui peut aider.',
  'shell.finding-title': 'Il y a un nouveau constat',
  'shell.finding-body': 'Ouvrez Constats pour voir ce que la passerelle a vu.',
} as const
