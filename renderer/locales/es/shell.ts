/** The tray and the system’s notifications, in Spanish. */
export const shell = {
  'shell.show': 'Mostrar Tessera',
  'shell.lock': 'Bloquear el puesto',
  'shell.quit': 'Salir de Tessera',
  'shell.blocked': 'hay una tarjeta bloqueada',
  'shell.offline': 'pasarela inaccesible',
  'shell.card': 'hay una tarjeta dentro',
  'shell.online': 'listo',
  'shell.block-title': 'Se ha bloqueado una tarjeta',
  'shell.block-body': 'Tessera dice qué sigue funcionando y quién puede ayudar.',
  'shell.finding-title': 'Hay un hallazgo nuevo',
  'shell.finding-body': 'Abra Hallazgos para ver qué ha visto la pasarela.',
} as const
