/** The window's pages, in Hindi. */
export const navigation = {
  'navigation.label': 'पृष्ठ',
  'navigation.desk': 'डेस्क',
  'navigation.readers': 'रीडर',
  'navigation.activity': 'गतिविधि',
  'navigation.findings': 'निष्कर्ष',
  'navigation.diagnostics': 'जाँच',
  'navigation.settings': 'सेटिंग',
  'navigation.needs.desk': 'ऑपरेटर चाहिए',
  'navigation.needs.registrar': 'रजिस्ट्रार चाहिए',
  'navigation.needs.supervisor': 'सुपरवाइज़र चाहिए',

  'window.small': 'विंडो छोटी करें और सामने रखें',
  'window.large': 'विंडो फिर बड़ी करें',
} as const
