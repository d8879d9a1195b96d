/** The window's pages, in Spanish. */
export const navigation = {
  'navigation.label': 'Páginas',
  'navigation.desk': 'Puesto',
  'navigation.readers': 'Lectores',
  'navigation.activity': 'Actividad',
  'navigation.findings': 'Hallazgos',
  'navigation.diagnostics': 'Diagnóstico',
  'navigation.settings': 'Ajustes',
  'navigation.needs.desk': 'Requiere un operador',
  'navigation.needs.registrar': 'Requiere un registrador',
  'navigation.needs.supervisor': 'Requiere un supervisor',

  'window.small': 'Hacer pequeña la ventana y mantenerla delante',
  'window.large': 'Volver a agrandar la ventana',
} as const
