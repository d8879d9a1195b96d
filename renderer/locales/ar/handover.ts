/** A login that was handed to another program on this computer, in Arabic. */
export const handover = {
  'handover.done': 'سُلِّم تسجيل الدخول إلى {name} في {time}',
  'handover.count': {
    zero: 'لم يُسلَّم بعد',
    one: 'مرة واحدة في هذا الدخول',
    two: 'مرتان في هذا الدخول',
    few: '{count} مرات في هذا الدخول',
    many: '{count} مرة في هذا الدخول',
    other: '{count} مرة في هذا الدخول',
  },
} as const
