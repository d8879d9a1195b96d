/** The window's pages, in English. */
export const navigation = {
  'navigation.label': 'Pages',
  'navigation.desk': 'Desk',
  'navigation.readers': 'Readers',
  'navigation.activity': 'Activity',
  'navigation.findings': 'Findings',
  'navigation.diagnostics': 'Diagnostics',
  'navigation.settings': 'Settings',
  'navigation.needs.desk': 'Needs an operator',
  'navigation.needs.registrar': 'Needs a registrar',
  'navigation.needs.supervisor': 'Needs a supervisor',

  'window.small': 'Make the window small and keep it in front',
  'window.large': 'Make the window large again',
} as const
