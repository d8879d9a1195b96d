/** The window's pages, in French. */
export const navigation = {
  'navigation.label': 'Pages',
  'navigation.desk': 'Poste',
  'navigation.readers': 'Lecteurs',
  'navigation.activity': 'Activité',
  'navigation.findings': 'Constats',
  'navigation.diagnostics': 'Diagnostic',
  'navigation.settings': 'Réglages',
  'navigation.needs.desk': 'Demande un opérateur',
  'navigation.needs.registrar': 'Demande un agent d’enregistrement',
  'navigation.needs.supervisor': 'Demande un responsable',

  'window.small': 'Réduire la fenêtre et la garder au premier plan',
  'window.large': 'Agrandir à nouveau la fenêtre',
} as const
