/** What happened and what to do, in German. */
export const problems = {
  'problem.reader-library-missing.title': 'Auf diesem Rechner fehlt die Bibliothek für Chipkarten',
  'problem.reader-library-missing.remedy':
    'Installieren Sie PC/SC (unter Debian und Ubuntu: pcscd und libpcsclite1) und starten Sie Tessera dann neu.',
  'problem.reader-service-down.title': 'Der Dienst für Chipkarten läuft nicht',
  'problem.reader-service-down.remedy':
    'Starten Sie ihn (Linux: pcscd; Windows: der Dienst „Smartcard“). Tessera bemerkt von selbst, sobald er läuft.',
  'problem.reader-no-permission.title': 'Dieses Benutzerkonto darf die Kartenleser nicht benutzen',
  'problem.reader-no-permission.remedy':
    'Bitten Sie Ihre Systemverwaltung, diesem Konto PC/SC zu erlauben (Linux: eine polkit-Regel).',
  'problem.reader-none.title': 'Es ist kein Kartenleser angeschlossen',
  'problem.reader-none.remedy':
    'Schließen Sie einen Kartenleser an. Ist schon einer angeschlossen, versuchen Sie einen anderen USB-Anschluss oder installieren Sie seinen Treiber.',
  'problem.reader-gone.title': 'Der Kartenleser wurde abgezogen',
  'problem.reader-gone.remedy': 'Schließen Sie den Kartenleser wieder an und stecken Sie die Karte ein.',
  'problem.reader-in-use.title': 'Ein anderes Programm benutzt die Karte',
  'problem.reader-in-use.remedy':
    'Schließen Sie das andere Programm, das diesen Kartenleser benutzt, oder warten Sie, bis es fertig ist. Versuchen Sie es dann noch einmal.',
  'problem.reader-failed.title': 'Der Kartenleser meldet eine Störung',
  'problem.reader-failed.remedy':
    'Nehmen Sie die Karte heraus, ziehen Sie den Kartenleser ab und schließen Sie ihn wieder an. Geschieht es noch einmal, nehmen Sie einen anderen.',

  'problem.card-removed.title': 'Die Karte wurde zu früh herausgenommen',
  'problem.card-removed.remedy': 'Stecken Sie dieselbe Karte wieder ein und lassen Sie sie stecken, bis alles fertig ist.',
  'problem.card-swapped.title': 'Das ist eine andere Karte',
  'problem.card-swapped.remedy':
    'Nur mit der Karte vom Anfang geht es weiter. Stecken Sie diese ein, oder beginnen Sie mit der neuen Karte von vorn.',
  'problem.card-mute.title': 'Die Karte antwortet nicht',
  'problem.card-mute.remedy':
    'Prüfen Sie, ob der Chip voran und nach oben zeigt, und wischen Sie ihn mit einem trockenen Tuch ab.',
  'problem.card-reset.title': 'Ein anderes Programm hat die Karte zurückgesetzt',
  'problem.card-reset.remedy':
    'Schließen Sie andere Programme, die Chipkarten benutzen, und versuchen Sie es noch einmal. Es ging kein Versuch verloren.',
  'problem.card-slow.title': 'Die Karte hat zu lange nicht geantwortet',
  'problem.card-slow.remedy': 'Nehmen Sie die Karte heraus, stecken Sie sie wieder ein und versuchen Sie es noch einmal.',

  'problem.card-not-piv.title': 'Das ist keine PIV-Karte',
  'problem.card-not-piv.remedy': 'Nehmen Sie eine Karte, die Ihr Haus für Tessera ausgibt.',
  'problem.card-not-registered.title': 'Diese Karte ist noch nicht registriert',
  'problem.card-not-registered.remedy': 'Wer die Rolle „Registrierung“ hat, kann die Person an diesem Platz registrieren.',
  'problem.card-already-registered.title': 'Diese Karte gehört schon jemandem',
  'problem.card-already-registered.remedy':
    'Nehmen Sie für diese Person eine leere Karte. An der eingesteckten Karte wurde nichts geändert.',
  'problem.card-foreign.title': 'Diese Karte wurde anderswo eingerichtet',
  'problem.card-foreign.remedy': 'Nehmen Sie eine leere Karte. An der eingesteckten Karte wurde nichts geändert.',
  'problem.card-not-blank.title': 'Diese Karte ist nicht leer',
  'problem.card-not-blank.remedy': 'Nehmen Sie eine neue Karte, oder lassen Sie diese von Ihrer Systemverwaltung zurücksetzen.',
  'problem.card-answer-wrong.title': 'Die Antwort der Karte ergibt keinen Sinn',
  'problem.card-answer-wrong.remedy':
    'Nehmen Sie die Karte heraus, stecken Sie sie wieder ein und versuchen Sie es noch einmal. Geschieht es wieder, nehmen Sie eine andere Karte.',
  'problem.card-unsupported.title': 'Diese Karte kann nicht, was hier nötig ist',
  'problem.card-unsupported.remedy': 'Nehmen Sie eine PIV-Karte mit Schlüsseln nach P-256 oder P-384.',
  'problem.pin-wrong.title': 'Diese PIN war falsch',
  'problem.pin-wrong.remedy': 'Prüfen Sie die PIN und geben Sie sie noch einmal ein.',
  'problem.pin-blocked.title': 'Die PIN der Karte ist gesperrt',
  'problem.pin-blocked.remedy':
    'Die PIN wurde zu oft falsch eingegeben. Die Aufsicht kann sie neu setzen lassen; die Karte selbst ist in Ordnung.',
  'problem.puk-blocked.title': 'Auch der Entsperrcode der Karte ist gesperrt',
  'problem.puk-blocked.remedy':
    'Diese Karte lässt sich nicht mehr entsperren. Registrieren Sie die Person mit einer neuen Karte.',
  'problem.pin-refused.title': 'Die Karte nimmt diese PIN nicht an',
  'problem.pin-refused.remedy': 'Wählen Sie eine andere PIN mit 6 bis 8 Ziffern.',
  'problem.pin-weak.title': 'Diese PIN ist zu leicht zu erraten',
  'problem.pin-weak.remedy':
    'Wählen Sie eine, in der sich keine Ziffer ständig wiederholt und die nicht auf- oder abwärts zählt.',
  'problem.pin-unchanged.title': 'Die neue PIN ist dieselbe wie die bisherige',
  'problem.pin-unchanged.remedy': 'Wählen Sie eine PIN, die sich von der bisherigen unterscheidet.',
  'problem.pin-outcome-unknown.title': 'Es ist nicht sicher, ob die PIN geändert wurde',
  'problem.pin-outcome-unknown.remedy':
    'Die Antwort der Karte ging verloren. Versuchen Sie zuerst die neue PIN; ist sie falsch, gilt noch die alte.',
  'problem.factory-pin-changed.title': 'Die erste PIN dieser Karte wurde schon geändert',
  'problem.factory-pin-changed.remedy':
    'Nehmen Sie eine neue, leere Karte, oder lassen Sie diese von Ihrer Systemverwaltung zurücksetzen.',

  'problem.gateway-offline.title': 'Das Gateway ist nicht erreichbar',
  'problem.gateway-offline.remedy':
    'Prüfen Sie das Netz. Tessera verbindet sich von selbst wieder; eine PIN lässt sich trotzdem ändern.',
  'problem.gateway-silent.title': 'Das Gateway hat nicht rechtzeitig geantwortet',
  'problem.gateway-silent.remedy': 'Versuchen Sie es gleich noch einmal. Bleibt es dabei, sagen Sie es Ihrer Systemverwaltung.',
  'problem.gateway-untrusted.title': 'Diesem Gateway vertraut das Terminal nicht',
  'problem.gateway-untrusted.remedy':
    'Machen Sie nicht weiter. Sagen Sie es Ihrer Systemverwaltung: Vielleicht ist die Adresse des Brokers falsch, oder jemand steht dazwischen.',
  'problem.gateway-answer-wrong.title': 'Die Antwort des Gateways war nicht zu verstehen',
  'problem.gateway-answer-wrong.remedy':
    'Versuchen Sie es noch einmal. Bleibt es dabei, sagen Sie es Ihrer Systemverwaltung: Terminal und Gateway haben vielleicht verschiedene Versionen.',
  'problem.invitation-mistyped.title': 'In diesem Code ist ein Tippfehler',
  'problem.invitation-mistyped.remedy': 'Vergleichen Sie ihn Zeichen für Zeichen mit dem Code, den Sie bekommen haben.',
  'problem.not-enrolled.title': 'Dieses Terminal gehört noch zu keinem Gateway',
  'problem.not-enrolled.remedy': 'Bitten Sie Ihre Systemverwaltung um einen Einladungscode und geben Sie ihn hier ein.',

  'problem.registration-interrupted.title': 'Die Registrierung wurde unterbrochen',
  'problem.registration-interrupted.remedy': 'Stecken Sie dieselbe Karte wieder ein: Es geht weiter, wo es aufgehört hat.',
  'problem.registration-rolled-back.title': 'Die Registrierung wurde rückgängig gemacht',
  'problem.registration-rolled-back.remedy':
    'Es ist nichts zurückgeblieben, und die Karte kann für eine neue Registrierung benutzt werden.',
  'problem.unexpected.title': 'Es ist etwas geschehen, womit Tessera nicht gerechnet hat',
  'problem.unexpected.remedy':
    'Versuchen Sie es noch einmal. Geschieht es wieder, nennen Sie Ihrer Systemverwaltung den Code unten.',

  'problem.bad-request.title': 'Das Gateway hat die Anfrage abgelehnt',
  'problem.bad-request.remedy':
    'Prüfen Sie, was eingegeben wurde. Bleibt es dabei, haben Terminal und Gateway vielleicht verschiedene Versionen: Sagen Sie es Ihrer Systemverwaltung.',
  'problem.not-allowed.title': 'Das dürfen Sie nicht',
  'problem.not-allowed.remedy': 'Bitten Sie jemanden, dessen Rolle es erlaubt.',
  'problem.unknown-card.title': 'Das Gateway kennt diese Karte nicht',
  'problem.unknown-card.remedy':
    'Prüfen Sie, ob es die richtige Karte ist. Wer die Rolle „Registrierung“ hat, kann die Person hier registrieren.',
  'problem.card-pending.title': 'Die Registrierung dieser Karte ist nicht abgeschlossen',
  'problem.card-pending.remedy':
    'Wer die Rolle „Registrierung“ hat, kann sie abschließen: „Person registrieren“ wählen und diese Karte einstecken.',
  'problem.card-blocked.title': 'Das Gateway hat diese Karte gesperrt',
  'problem.card-blocked.remedy':
    'Lassen Sie die Person warten, wenn Ihre Regeln es verlangen. Die Aufsicht sieht den Grund und kann die Sperre aufheben.',
  'problem.card-expired.title': 'Diese Karte ist abgelaufen',
  'problem.card-expired.remedy': 'Registrieren Sie die Person mit einer neuen Karte.',
  'problem.card-withdrawn.title': 'Diese Karte wurde zurückgezogen',
  'problem.card-withdrawn.remedy': 'Sie wurde ersetzt oder abgegeben. Benutzen Sie die jetzige Karte der Person.',
  'problem.holder-suspended.title': 'Diese Person ist vorläufig ausgeschlossen',
  'problem.holder-suspended.remedy': 'Die Karte ist in Ordnung. Die Aufsicht sieht den Grund und kann den Ausschluss aufheben.',
  'problem.terminal-blocked.title': 'Das Gateway hat dieses Terminal gesperrt',
  'problem.terminal-blocked.remedy': 'Gehen Sie an einen anderen Platz und sagen Sie es Ihrer Systemverwaltung.',
  'problem.not-an-operator.title': 'Diese Karte ist keine Dienstkarte',
  'problem.not-an-operator.remedy':
    'Melden Sie sich zuerst mit Ihrer eigenen Dienstkarte an. Danach kommen die Karten der Personen.',
  'problem.role-missing.title': 'Ihre Rolle erlaubt das nicht',
  'problem.role-missing.remedy': 'Bitten Sie jemanden mit der Rolle „Registrierung“ oder „Aufsicht“, sich anzumelden.',
  'problem.session-unknown.title': 'Ihre Anmeldung ist abgelaufen',
  'problem.session-unknown.remedy': 'Melden Sie sich mit Ihrer Dienstkarte neu an.',
  'problem.login-failed.title': 'Die Anmeldung ist fehlgeschlagen',
  'problem.login-failed.remedy': 'Nehmen Sie die Karte heraus, stecken Sie sie wieder ein und versuchen Sie es noch einmal.',
  'problem.slow-down.title': 'Zu viele Versuche in kurzer Zeit',
  'problem.slow-down.remedy': 'Warten Sie ein wenig und versuchen Sie es dann noch einmal.',
  'problem.already-registered.title': 'Diese Nummer ist schon registriert',
  'problem.already-registered.remedy': 'Prüfen Sie die Kunden-, Patienten- oder Personalnummer: Eine andere Person hat sie.',
  'problem.registration-unknown.title': 'Das Gateway kennt diese Registrierung nicht mehr',
  'problem.registration-unknown.remedy': 'Beginnen Sie die Registrierung von vorn.',
  'problem.registration-conflict.title': 'Diese Karte wird gerade für jemand anderen registriert',
  'problem.registration-conflict.remedy':
    'Nehmen Sie eine andere leere Karte, oder schließen Sie erst die andere Registrierung ab.',
  'problem.management-key-unknown.title': 'Der Verwaltungsschlüssel der Karte ist nicht bekannt',
  'problem.management-key-unknown.remedy': 'Diese Karte wurde anderswo eingerichtet. Nehmen Sie eine leere Karte.',
  'problem.proof-failed.title': 'Die Karte konnte nicht beweisen, dass der Schlüssel ihr eigener ist',
  'problem.proof-failed.remedy':
    'Geben Sie diese Karte nicht aus. Nehmen Sie eine andere leere Karte und sagen Sie es Ihrer Systemverwaltung.',
  'problem.invitation-unknown.title': 'Das Gateway kennt diesen Code nicht',
  'problem.invitation-unknown.remedy': 'Bitten Sie Ihre Systemverwaltung um einen neuen Einladungscode.',
  'problem.invitation-expired.title': 'Dieser Code ist abgelaufen',
  'problem.invitation-expired.remedy': 'Bitten Sie Ihre Systemverwaltung um einen neuen Einladungscode.',
  'problem.invitation-used.title': 'Dieser Code wurde schon benutzt',
  'problem.invitation-used.remedy': 'Jeder Code gilt einmal. Bitten Sie Ihre Systemverwaltung um einen neuen.',
  'problem.too-many.title': 'Das Gateway ist ausgelastet',
  'problem.too-many.remedy': 'Versuchen Sie es gleich noch einmal.',
  'problem.gateway-failed.title': 'Das Gateway konnte das nicht ausführen',
  'problem.gateway-failed.remedy': 'Versuchen Sie es gleich noch einmal. Bleibt es dabei, sagen Sie es Ihrer Systemverwaltung.',
  'problem.reader-no-device.title': 'Es ist kein Kartenleser angesteckt',
  'problem.reader-no-device.remedy':
    'Stecken Sie einen Kartenleser an. Ist schon einer angesteckt, versuchen Sie einen anderen USB-Anschluss oder ein anderes Kabel.',
  'problem.reader-no-driver.title': 'Dem Kartenleser fehlt ein Treiber',
  'problem.reader-no-driver.remedy':
    'Der Rechner sieht den Kartenleser, aber der Dienst für Chipkarten kann ihn nicht benutzen. Installieren Sie seinen Treiber (Linux: libccid) und stecken Sie ihn neu an.',
  'problem.session-stopped.title': 'Die Sitzung wurde angehalten',
  'problem.session-stopped.remedy':
    'Dem Gateway ist etwas Ungewöhnliches aufgefallen. Die Karte ist nicht gesperrt: Stecken Sie sie wieder ein.',
  'problem.approver-needed.title': 'Diese Karte kann nicht zustimmen',
  'problem.approver-needed.remedy': 'Stecken Sie eine Karte der Aufsicht ein. Die Karte, die entsperrt wird, kommt danach.',
  'problem.unblock-interrupted.title': 'Das Entsperren wurde unterbrochen',
  'problem.unblock-interrupted.remedy':
    'Die Karte bleibt gesperrt. Nach einer neuen Zustimmung geht es weiter, wo es aufgehört hat.',
} as const
