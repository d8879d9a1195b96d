/** What happened and what to do, in French. */
export const problems = {
  'problem.reader-library-missing.title': 'La bibliothèque des cartes à puce manque sur cet ordinateur',
  'problem.reader-library-missing.remedy':
    'Installez PC/SC (sous Debian et Ubuntu\u00a0: pcscd et libpcsclite1), puis redémarrez Tessera.',
  'problem.reader-service-down.title': 'Le service des cartes à puce ne fonctionne pas',
  'problem.reader-service-down.remedy':
    'Démarrez-le (Linux\u00a0: pcscd\u00a0; Windows\u00a0: le service «\u00a0Carte à puce\u00a0»). Tessera le remarque tout seul dès qu’il fonctionne.',
  'problem.reader-no-permission.title': 'Ce compte n’a pas le droit d’utiliser les lecteurs',
  'problem.reader-no-permission.remedy':
    'Demandez à votre administrateur d’autoriser PC/SC pour ce compte (Linux\u00a0: une règle polkit).',
  'problem.reader-none.title': 'Aucun lecteur de cartes n’est branché',
  'problem.reader-none.remedy': 'Branchez un lecteur. S’il y en a déjà un, essayez une autre prise USB ou installez son pilote.',
  'problem.reader-gone.title': 'Le lecteur a été débranché',
  'problem.reader-gone.remedy': 'Rebranchez le lecteur et insérez la carte.',
  'problem.reader-in-use.title': 'Un autre programme utilise la carte',
  'problem.reader-in-use.remedy': 'Fermez l’autre programme qui utilise ce lecteur, ou attendez qu’il ait fini, puis réessayez.',
  'problem.reader-failed.title': 'Le lecteur signale une panne',
  'problem.reader-failed.remedy':
    'Retirez la carte, débranchez le lecteur et rebranchez-le. Si cela se reproduit, essayez un autre lecteur.',

  'problem.card-removed.title': 'La carte a été retirée trop tôt',
  'problem.card-removed.remedy': 'Insérez de nouveau la même carte et laissez-la jusqu’à la fin.',
  'problem.card-swapped.title': 'C’est une autre carte',
  'problem.card-swapped.remedy': 'Seule la carte du début peut continuer. Insérez-la, ou recommencez avec celle-ci.',
  'problem.card-mute.title': 'La carte ne répond pas',
  'problem.card-mute.remedy': 'Vérifiez que la puce entre en premier, tournée vers le haut, et essuyez-la avec un chiffon sec.',
  'problem.card-reset.title': 'Un autre programme a réinitialisé la carte',
  'problem.card-reset.remedy':
    'Fermez les autres programmes qui utilisent des cartes à puce et réessayez. Aucun essai n’a été perdu.',
  'problem.card-slow.title': 'La carte a mis trop de temps à répondre',
  'problem.card-slow.remedy': 'Retirez la carte, insérez-la de nouveau et réessayez.',

  'problem.card-not-piv.title': 'Ce n’est pas une carte PIV',
  'problem.card-not-piv.remedy': 'Utilisez une carte que votre organisme remet pour Tessera.',
  'problem.card-not-registered.title': 'Cette carte n’est pas encore enregistrée',
  'problem.card-not-registered.remedy':
    'Une personne qui a le rôle «\u00a0Enregistrement\u00a0» peut enregistrer son titulaire à ce poste.',
  'problem.card-already-registered.title': 'Cette carte appartient déjà à quelqu’un',
  'problem.card-already-registered.remedy':
    'Prenez une carte vierge pour cette personne. Rien n’a été modifié sur la carte insérée.',
  'problem.card-foreign.title': 'Cette carte a été préparée ailleurs',
  'problem.card-foreign.remedy': 'Prenez une carte vierge. Rien n’a été modifié sur la carte insérée.',
  'problem.card-not-blank.title': 'Cette carte n’est pas vierge',
  'problem.card-not-blank.remedy': 'Prenez une carte neuve, ou faites réinitialiser celle-ci par votre administrateur.',
  'problem.card-answer-wrong.title': 'La réponse de la carte n’a pas de sens',
  'problem.card-answer-wrong.remedy':
    'Retirez la carte, insérez-la de nouveau et réessayez. Si cela se reproduit, utilisez une autre carte.',
  'problem.card-unsupported.title': 'Cette carte ne sait pas faire ce qu’il faut',
  'problem.card-unsupported.remedy': 'Utilisez une carte PIV avec des clés P-256 ou P-384.',
  'problem.pin-wrong.title': 'Ce code PIN est faux',
  'problem.pin-wrong.remedy': 'Vérifiez le code PIN et saisissez-le de nouveau.',
  'problem.pin-blocked.title': 'Le code PIN de la carte est bloqué',
  'problem.pin-blocked.remedy':
    'Trop de codes faux ont été saisis. La supervision peut faire définir un nouveau code PIN\u00a0; la carte elle-même est intacte.',
  'problem.puk-blocked.title': 'Le code de déblocage de la carte est bloqué lui aussi',
  'problem.puk-blocked.remedy': 'Cette carte ne peut plus être débloquée. Enregistrez la personne avec une nouvelle carte.',
  'problem.pin-refused.title': 'La carte n’accepte pas ce code PIN',
  'problem.pin-refused.remedy': 'Choisissez un autre code PIN de 6 à 8 chiffres.',
  'problem.pin-weak.title': 'Ce code PIN est trop facile à deviner',
  'problem.pin-weak.remedy':
    'Choisissez-en un qui ne répète pas le même chiffre et qui ne compte ni en montant ni en descendant.',
  'problem.pin-unchanged.title': 'Le nouveau code PIN est le même que l’actuel',
  'problem.pin-unchanged.remedy': 'Choisissez un code PIN différent de l’actuel.',
  'problem.pin-outcome-unknown.title': 'Il n’est pas certain que le code PIN ait été changé',
  'problem.pin-outcome-unknown.remedy':
    'La réponse de la carte s’est perdue. Essayez d’abord le nouveau code\u00a0; s’il est faux, l’ancien est encore valable.',
  'problem.factory-pin-changed.title': 'Le premier code PIN de cette carte a déjà été changé',
  'problem.factory-pin-changed.remedy':
    'Prenez une nouvelle carte vierge, ou faites réinitialiser celle-ci par votre administrateur.',

  'problem.gateway-offline.title': 'La passerelle est injoignable',
  'problem.gateway-offline.remedy':
    'Vérifiez le réseau. Tessera se reconnecte tout seul\u00a0; on peut quand même changer un code PIN.',
  'problem.gateway-silent.title': 'La passerelle n’a pas répondu à temps',
  'problem.gateway-silent.remedy': 'Réessayez dans un instant. Si cela dure, prévenez votre administrateur.',
  'problem.gateway-untrusted.title': 'Cette passerelle n’est pas celle à laquelle ce poste fait confiance',
  'problem.gateway-untrusted.remedy':
    'Ne continuez pas. Prévenez votre administrateur\u00a0: l’adresse du broker est peut-être fausse, ou quelqu’un s’est interposé.',
  'problem.gateway-answer-wrong.title': 'La réponse de la passerelle est incompréhensible',
  'problem.gateway-answer-wrong.remedy':
    'Réessayez. Si cela dure, prévenez votre administrateur\u00a0: le poste et la passerelle n’ont peut-être pas la même version.',
  'problem.invitation-mistyped.title': 'Il y a une faute de frappe dans ce code',
  'problem.invitation-mistyped.remedy': 'Comparez-le caractère par caractère avec le code que vous avez reçu.',
  'problem.not-enrolled.title': 'Ce poste n’est encore rattaché à aucune passerelle',
  'problem.not-enrolled.remedy': 'Demandez un code d’invitation à votre administrateur et saisissez-le ici.',

  'problem.registration-interrupted.title': 'L’enregistrement a été interrompu',
  'problem.registration-interrupted.remedy':
    'Insérez de nouveau la même carte\u00a0: l’enregistrement reprend où il s’est arrêté.',
  'problem.registration-rolled-back.title': 'L’enregistrement a été annulé',
  'problem.registration-rolled-back.remedy': 'Il n’en reste rien, et la carte peut servir à un nouvel enregistrement.',
  'problem.unexpected.title': 'Il s’est passé quelque chose que Tessera n’avait pas prévu',
  'problem.unexpected.remedy': 'Réessayez. Si cela se reproduit, donnez le code ci-dessous à votre administrateur.',

  'problem.bad-request.title': 'La passerelle a refusé la demande',
  'problem.bad-request.remedy':
    'Vérifiez ce qui a été saisi. Si cela dure, le poste et la passerelle n’ont peut-être pas la même version\u00a0: prévenez votre administrateur.',
  'problem.not-allowed.title': 'Vous n’y êtes pas autorisé',
  'problem.not-allowed.remedy': 'Demandez à un collègue dont le rôle le permet.',
  'problem.unknown-card.title': 'La passerelle ne connaît pas cette carte',
  'problem.unknown-card.remedy':
    'Vérifiez que c’est la bonne carte. Une personne qui a le rôle «\u00a0Enregistrement\u00a0» peut enregistrer son titulaire ici.',
  'problem.card-pending.title': 'L’enregistrement de cette carte n’est pas terminé',
  'problem.card-pending.remedy':
    'Une personne qui a le rôle «\u00a0Enregistrement\u00a0» peut le terminer\u00a0: choisir «\u00a0Enregistrer une personne\u00a0» et insérer cette carte.',
  'problem.card-blocked.title': 'La passerelle a bloqué cette carte',
  'problem.card-blocked.remedy':
    'Faites patienter la personne si vos consignes le demandent. La supervision peut voir pourquoi et lever le blocage.',
  'problem.card-expired.title': 'Cette carte est périmée',
  'problem.card-expired.remedy': 'Enregistrez la personne avec une nouvelle carte.',
  'problem.card-withdrawn.title': 'Cette carte a été retirée du service',
  'problem.card-withdrawn.remedy': 'Elle a été remplacée ou rendue. Utilisez la carte actuelle de la personne.',
  'problem.holder-suspended.title': 'Cette personne est suspendue',
  'problem.holder-suspended.remedy': 'La carte est intacte. La supervision peut voir pourquoi et lever la suspension.',
  'problem.terminal-blocked.title': 'La passerelle a bloqué ce poste',
  'problem.terminal-blocked.remedy': 'Utilisez un autre poste et prévenez votre administrateur.',
  'problem.not-an-operator.title': 'Cette carte n’est pas une carte de service',
  'problem.not-an-operator.remedy':
    'Connectez-vous d’abord avec votre propre carte de service. Les cartes des personnes viennent ensuite.',
  'problem.role-missing.title': 'Votre rôle ne le permet pas',
  'problem.role-missing.remedy':
    'Demandez à un collègue qui a le rôle «\u00a0Enregistrement\u00a0» ou «\u00a0Supervision\u00a0» de se connecter.',
  'problem.session-unknown.title': 'Votre session est terminée',
  'problem.session-unknown.remedy': 'Connectez-vous de nouveau avec votre carte de service.',
  'problem.login-failed.title': 'La connexion a échoué',
  'problem.login-failed.remedy': 'Retirez la carte, insérez-la de nouveau et réessayez.',
  'problem.slow-down.title': 'Trop de tentatives en peu de temps',
  'problem.slow-down.remedy': 'Attendez un peu, puis réessayez.',
  'problem.already-registered.title': 'Ce numéro est déjà enregistré',
  'problem.already-registered.remedy':
    'Vérifiez le numéro de client, de patient ou de personnel\u00a0: une autre personne le porte.',
  'problem.registration-unknown.title': 'La passerelle ne connaît plus cet enregistrement',
  'problem.registration-unknown.remedy': 'Recommencez l’enregistrement depuis le début.',
  'problem.registration-conflict.title': 'Cette carte est en cours d’enregistrement pour quelqu’un d’autre',
  'problem.registration-conflict.remedy': 'Prenez une autre carte vierge, ou terminez d’abord l’autre enregistrement.',
  'problem.management-key-unknown.title': 'La clé de gestion de la carte est inconnue',
  'problem.management-key-unknown.remedy': 'Cette carte a été préparée ailleurs. Prenez une carte vierge.',
  'problem.proof-failed.title': 'La carte n’a pas pu prouver que la clé est la sienne',
  'problem.proof-failed.remedy': 'Ne remettez pas cette carte. Prenez une autre carte vierge et prévenez votre administrateur.',
  'problem.invitation-unknown.title': 'La passerelle ne connaît pas ce code',
  'problem.invitation-unknown.remedy': 'Demandez un nouveau code d’invitation à votre administrateur.',
  'problem.invitation-expired.title': 'Ce code a expiré',
  'problem.invitation-expired.remedy': 'Demandez un nouveau code d’invitation à votre administrateur.',
  'problem.invitation-used.title': 'Ce code a déjà servi',
  'problem.invitation-used.remedy': 'Chaque code ne sert qu’une fois. Demandez-en un nouveau à votre administrateur.',
  'problem.too-many.title': 'La passerelle est occupée',
  'problem.too-many.remedy': 'Réessayez dans un instant.',
  'problem.gateway-failed.title': 'La passerelle n’a pas pu le faire',
  'problem.gateway-failed.remedy': 'Réessayez dans un instant. Si cela dure, prévenez votre administrateur.',
  'problem.reader-no-device.title': 'Aucun lecteur de cartes n’est branché',
  'problem.reader-no-device.remedy': 'Branchez un lecteur. S’il y en a déjà un, essayez une autre prise USB ou un autre câble.',
  'problem.reader-no-driver.title': 'Il manque le pilote du lecteur',
  'problem.reader-no-driver.remedy':
    'L’ordinateur voit le lecteur, mais le service des cartes à puce ne peut pas l’utiliser. Installez son pilote (Linux\u00a0: libccid) et rebranchez-le.',
  'problem.session-stopped.title': 'La session a été arrêtée',
  'problem.session-stopped.remedy':
    'La passerelle a remarqué quelque chose d’inhabituel. La carte n’est pas bloquée\u00a0: insérez-la de nouveau.',
  'problem.approver-needed.title': 'Cette carte ne peut pas approuver',
  'problem.approver-needed.remedy': 'Insérez une carte de la supervision. La carte à débloquer vient ensuite.',
  'problem.unblock-interrupted.title': 'Le déblocage a été interrompu',
  'problem.unblock-interrupted.remedy': 'La carte reste bloquée. Après une nouvelle approbation, il reprend où il s’est arrêté.',
} as const
