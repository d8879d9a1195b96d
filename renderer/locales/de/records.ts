/** The person’s record and the service that keeps it, in German. */
export const records = {
  'record.title': 'Akte',
  'record.entries': 'Einträge, der neueste zuerst',
  'record.connecting': 'Die Akte wird geöffnet',
  'record.again': 'Die Akte wird wieder verbunden',
  'record.empty': 'Es steht noch nichts darin.',
  'record.private': 'Verschlüsselt von diesem Platz bis zum Aktendienst',
  'record.note': 'Notiz hinzufügen',
  'record.note-save': 'Notiz speichern',
  'record.note-sending': 'Die Notiz wird gespeichert',
  'record.note-added': 'Die Notiz steht in der Akte',
  'record.note-not-allowed': 'Für Notizen braucht es eine andere Rolle. Lesen dürfen Sie die Akte.',

  'problem.service-silent.title': 'Der Aktendienst antwortet nicht',
  'problem.service-silent.remedy': 'Die Anmeldung gilt weiter. Tessera versucht es von selbst noch einmal.',
  'problem.service-untrusted.title': 'Der Aktendienst konnte nicht beweisen, wer er ist',
  'problem.service-untrusted.remedy': 'Es wurde ihm nichts gesendet. Bleibt es dabei, sagen Sie es Ihrer Systemverwaltung.',
  'problem.service-refused.title': 'Der Aktendienst lehnt ab',
  'problem.service-refused.remedy': 'Fragen Sie, wer den Aktendienst betreibt, was die Akte dieser Person erlaubt.',
  'problem.service-failed.title': 'Der Aktendienst konnte das nicht ausführen',
  'problem.service-failed.remedy':
    'Versuchen Sie es gleich noch einmal. Bleibt es dabei, sagen Sie es denen, die den Aktendienst betreiben.',
  'problem.service-ended.title': 'Der Aktendienst hat die Akte geschlossen',
  'problem.service-ended.remedy': 'Nehmen Sie die Karte heraus und melden Sie die Person noch einmal an.',
  'problem.note-unconfirmed.title': 'Es ist nicht sicher, ob die Notiz gespeichert wurde',
  'problem.note-unconfirmed.remedy': 'Suchen Sie sie in der Akte, bevor Sie sie noch einmal speichern.',
} as const
