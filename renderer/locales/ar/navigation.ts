/** The window's pages, in Arabic. */
export const navigation = {
  'navigation.label': 'الصفحات',
  'navigation.desk': 'المكتب',
  'navigation.readers': 'القارئات',
  'navigation.activity': 'النشاط',
  'navigation.findings': 'الملاحظات',
  'navigation.diagnostics': 'التشخيص',
  'navigation.settings': 'الإعدادات',
  'navigation.needs.desk': 'يتطلب تسجيل دخول موظف',
  'navigation.needs.registrar': 'يتطلب موظف تسجيل',
  'navigation.needs.supervisor': 'يتطلب مشرفًا',

  'window.small': 'تصغير النافذة وإبقاؤها في المقدمة',
  'window.large': 'تكبير النافذة من جديد',
} as const
