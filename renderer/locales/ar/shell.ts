/** The tray and the system’s notifications, in Arabic. */
export const shell = {
  'shell.show': 'إظهار Tessera',
  'shell.lock': 'قفل المكتب',
  'shell.quit': 'إنهاء Tessera',
  'shell.blocked': 'بطاقة محظورة',
  'shell.offline': 'البوابة غير متاحة',
  'shell.card': 'توجد بطاقة',
  'shell.online': 'جاهز',
  'shell.block-title': 'حُظرت بطاقة',
  'shell.block-body': 'يخبرك Tessera بما لا يزال يعمل وبمن يستطيع المساعدة.',
  'shell.finding-title': 'توجد ملاحظة جديدة',
  'shell.finding-body': 'افتح الملاحظات لترى ما رصدته البوابة.',
} as const
