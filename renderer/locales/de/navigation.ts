/** The window's pages, in German. */
export const navigation = {
  'navigation.label': 'Seiten',
  'navigation.desk': 'Schalter',
  'navigation.readers': 'Kartenleser',
  'navigation.activity': 'Verlauf',
  'navigation.findings': 'Befunde',
  'navigation.diagnostics': 'Diagnose',
  'navigation.settings': 'Einstellungen',
  'navigation.needs.desk': 'Nur mit Anmeldung',
  'navigation.needs.registrar': 'Nur für die Registrierung',
  'navigation.needs.supervisor': 'Nur für die Aufsicht',

  'window.small': 'Fenster klein machen und vorn behalten',
  'window.large': 'Fenster wieder groß machen',
} as const
