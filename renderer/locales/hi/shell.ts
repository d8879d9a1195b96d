/** The tray and the system’s notifications, in Hindi. */
export const shell = {
  'shell.show': 'Tessera दिखाएँ',
  'shell.lock': 'डेस्क बंद करें',
  'shell.quit': 'Tessera बंद करें',
  'shell.blocked': 'एक कार्ड ब्लॉक है',
  'shell.offline': 'गेटवे तक पहुँच नहीं',
  'shell.card': 'एक कार्ड लगा है',
  'shell.online': 'तैयार',
  'shell.block-title': 'एक कार्ड ब्लॉक किया गया',
  'shell.block-body': 'Tessera बताता है कि क्या अब भी चलता है और कौन मदद कर सकता है।',
  'shell.finding-title': 'एक नया निष्कर्ष है',
  'shell.finding-body': 'गेटवे ने क्या देखा, यह जानने के लिए निष्कर्ष खोलें।',
} as const
