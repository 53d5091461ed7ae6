import { failures } from './failures/fr.ts';
import type { ConnectWords } from './shape.ts';

export const words: ConnectWords = {
  providers: {
    imap: { name: 'le serveur de messagerie', at: 'sur le serveur de messagerie' },
    exchange: { name: 'le serveur Exchange', at: 'sur le serveur Exchange' },
  },
  atProvider: 'chez {provider}',
  space: ' ',
  or: 'ou',

  page: {
    language: 'Langue',
    help: 'Aide',
    privacy: 'Confidentialité',
    opening: 'Ouverture du lien…',
    closePage: 'Vous pouvez fermer cette page.',
    tryAgain: 'Réessayer',
    copy: 'Copier : {what}',
    copied: 'Copié',
    errorCode: 'code d’erreur',
    asksAgain: '{title}. Cette page réessaie d’elle-même.',
    wentWrong: 'Un problème est survenu sur cette page. Veuillez la recharger.',
  },
  silence: { offline: 'Vous êtes hors ligne', mooring_unreachable: '{product} ne répond pas' },

  connect: {
    heading: 'Connectez votre compte',
    asks: '{tenant} vous demande de connecter votre boîte mail, afin d’y retrouver aussi vos messages.',
    asksAccess: '{tenant} demande l’accès à votre compte.',
    endAnyTime: 'Vous pouvez y mettre fin à tout moment.',
  },
  again: {
    heading: 'Reconnectez-vous : {account}',
    sharedHeading: 'Reconnectez-vous pour {account}',
    moveHeading: 'Changer le mode d’accès : {account}',
    healthyTitle: 'Ce compte est connecté',
    healthy:
      'Il n’y a rien à faire pour le moment. Si vous souhaitez tout de même renouveler l’accès, connectez-vous ci-dessous.',
    keeps: '{tenant} conserve son accès.',
    since: 'Depuis le {when}, aucun nouveau message ne parvient à {tenant}.',
    thenFetched:
      'Une fois que vous serez connecté, les messages manqués seront récupérés pour {tenant} ; rien n’est perdu.',
    thenUsed: '{tenant} pourra ensuite l’utiliser à nouveau.',
  },
  causes: {
    access_ended: '{provider} a mis fin à notre accès : le mot de passe a changé, ou l’accès a été retiré.',
    password_refused: '{provider} n’accepte plus le mot de passe de {login} ; il a probablement été changé.',
    password_changed: '{provider} n’accepte plus notre connexion, car le mot de passe de {login} a changé.',
    access_revoked: 'L’accès a été retiré {at}.',
    session_revoked: 'Toutes les sessions de {login} {at} ont été fermées, et notre accès avec elles.',
    token_idle_expired: 'L’accès est resté longtemps inutilisé ; {provider} l’a donc laissé expirer.',
    refresh_token_expired: 'L’accès a expiré : {provider} demande de temps en temps une nouvelle connexion.',
    mfa_required: '{provider} vous demande de confirmer la connexion avec un second facteur.',
    conditional_access: 'Une règle de connexion de votre organisation {at} a mis fin à l’accès.',
    admin_consent_required: '{provider} demande qu’un administrateur de votre organisation approuve l’application.',
    admin_policy_enforced: 'Une règle de votre organisation {at} n’autorise pas l’application.',
    insufficient_scope:
      'Il manque une autorisation {at} : une case n’a pas été cochée, ou l’autorisation a été retirée.',
    account_disabled: '{provider} indique que le compte {login} est désactivé.',
    mailbox_unavailable: '{provider} accepte la connexion, mais la boîte de {login} ne peut pas être ouverte.',
    subscription_renewal_failed: '{provider} ne nous signale pas les nouveaux messages pour le moment.',
    app_credentials_invalid: '{provider} n’accepte pas notre application pour le moment. Vous n’y pouvez rien.',
    refresh_outcome_unknown: 'Un renouvellement de l’accès a été interrompu {at}. Vous n’avez rien fait de mal.',
    provider_unavailable: '{provider} ne répond pas correctement pour le moment.',
    rate_limited: '{provider} nous a demandé de ralentir.',
    network: '{provider} n’est pas joignable pour le moment.',
  },

  steps: {
    title: 'Ce qui va se passer',
    signIn: 'Vous vous connectez {at}. Nous ne voyons jamais votre mot de passe.',
    signInAs: 'Vous vous connectez {at} en tant que {account}. Nous ne voyons jamais votre mot de passe.',
    signInOwn:
      'Vous vous connectez {at} avec votre propre compte, qui doit avoir accès à {mailbox}. Nous ne voyons jamais votre mot de passe.',
    allowRead: 'Vous autorisez {product} à lire les messages.',
    allowSend: 'Vous autorisez {product} à lire les messages et à en envoyer en votre nom.',
    enterPassword: 'Vous saisissez le mot de passe. Il est vérifié par une vraie connexion avant tout enregistrement.',
    canSend: '{tenant} peut ensuite lire les messages et en envoyer en votre nom.',
    fromNowOn: 'Les messages reçus ensuite apparaissent chez {tenant}.',
    canUse: '{tenant} peut ensuite utiliser le compte.',
    missed: 'Vous voyez ici les messages manqués arriver. C’est tout.',
    canUseAgain: '{tenant} peut de nouveau utiliser le compte. C’est tout.',
    sameAccount: 'Nous vérifions qu’il s’agit du même compte. Si ce n’est pas le cas, rien n’est modifié.',
    stays:
      'Le compte reste chez {tenant}, avec son historique et ses réglages. Ce qui a pu manquer est récupéré, et rien n’arrive deux fois.',
    staysUsed: 'Le compte reste chez {tenant}, avec ses réglages.',
    wayBack: 'Pendant une heure, {tenant} peut revenir à l’ancien accès ; ensuite, celui-ci est supprimé.',
  },

  change: {
    today: '{tenant} accède à ce compte par {access}.',
    which: 'Comment y accéder désormais ?',
    sameKind: 'Avec un autre identifiant ou sur un autre serveur',
    another: 'Choisir un autre mode d’accès',
    moved: 'Le compte a-t-il déménagé ?',
    movedHint:
      'Si l’on y accède maintenant autrement, vous pouvez le changer ici ; l’historique et les réglages restent.',
    before: 'Se connecter comme avant',
    onlySame: 'Le mode d’accès ne peut être changé que pour le même compte.',
    notThere: 'Les messages de ce compte n’y ont pas été trouvés.',
  },

  choice: {
    whichAccount: 'De quel type de compte s’agit-il ?',
    hints: {
      gmail: 'Gmail et Google Workspace ; vous vous connectez chez Google',
      microsoft: 'Microsoft 365 et Outlook.com ; vous vous connectez chez Microsoft',
      exchange: 'Serveur Exchange de votre organisation',
      imap: 'Toute autre boîte mail, en IMAP',
      salesforce: 'Salesforce ; vous vous connectez chez Salesforce',
    },
    noneOffered: 'Ce lien n’autorise aucun type de compte. Veuillez vous adresser à son expéditeur.',
    continueWith: 'Continuer avec {provider}',
    leaving: 'Ouverture de {provider}…',
    signInAs: 'Se connecter en tant que {account}',
    login: {
      where: 'Où vous vous connectez',
      asBefore: 'Là où ce compte s’est connecté auparavant',
      places: {
        production: 'Production, ou une organisation pour développeurs',
        sandbox: 'Sandbox',
        domain: 'Votre organisation',
      },
      own: 'Une adresse propre à votre organisation (My Domain)',
      address: 'Adresse de votre organisation',
      wrong: 'On ne peut pas se connecter à cette adresse. Elle ressemble à {example}.',
    },
  },

  form: {
    username: 'Adresse e-mail ou nom d’utilisateur',
    password: 'Mot de passe',
    showPassword: 'Afficher le mot de passe',
    hidePassword: 'Masquer le mot de passe',
    notes: {
      app_password:
        '{name} demande ici un mot de passe d’application, à créer dans les paramètres de sécurité du compte.',
      switch_on: 'IMAP doit d’abord être activé dans les paramètres de {name}.',
      own_password: '{name} demande ici son mot de passe e-mail distinct.',
      no_password:
        '{name} n’accepte plus les mots de passe ici ; choisissez un autre type de compte, s’il est proposé.',
    },
    serverSettings: 'Paramètres du serveur',
    foundByAddress: 'trouvés grâce à votre adresse',
    toBeEntered: 'à saisir',
    imapServer: 'Serveur IMAP',
    smtpServer: 'Serveur SMTP',
    smtpFailed: 'Serveur d’envoi : {sentence}',
    serverAddress: 'Adresse du serveur',
    serverAddressEmpty: 'Si ce champ reste vide, elle est trouvée grâce à votre adresse e-mail.',
    basic: {
      title: 'Le mot de passe est-il correct ?',
      sentence:
        'Dans ce cas, un proxy placé devant Exchange peut être en cause. Le serveur accepte aussi une connexion plus simple (Basic) : le mot de passe lui-même est transmis, chiffré pendant le trajet.',
      tryIt: 'Réessayer avec Basic',
    },
    encryption: 'Chiffrement',
    byPort: 'Selon le port',
    port: 'Port',
    sandbox: 'Une boîte du bac à sable ? Ses comptes et leur serveur se trouvent sur {page}.',
    sandboxPage: 'la page du bac à sable',
    testing: 'Vérification de la connexion…',
    connect: 'Connecter',
    signIn: 'Se connecter',
    safe: 'Le mot de passe est enregistré de sorte que seule la récupération des messages puisse l’ouvrir.',
    check: 'Veuillez vérifier votre saisie',
    fields: {
      username: 'Saisissez le nom d’utilisateur, en général l’adresse e-mail ; 320 caractères au plus.',
      password: 'Saisissez le mot de passe ; 2 000 caractères au plus.',
      host: 'Saisissez uniquement le nom du serveur, par exemple imap.example.com : sans « https:// », sans chemin, et le port dans son propre champ.',
      port: 'Le port est un nombre entier de 1 à 65535 ; les serveurs de messagerie utilisent 993 (TLS) ou 143 (STARTTLS).',
      security: 'Choisissez TLS ou STARTTLS.',
    },
  },

  failures,
  failed: {
    openPage: 'Ouvrir la page de {provider}',
    unknown: {
      title: 'Cela n’a pas fonctionné',
      sentence: 'La raison n’est pas connue. Veuillez réessayer dans un instant.',
    },
    nothingStored: 'Rien n’a été enregistré.',
  },
  mismatch: {
    title: 'C’était un autre compte',
    signedInAs: 'Vous vous êtes connecté en tant que',
    linkIsFor: 'Ce lien est pour',
    nothingChanged: 'Rien n’a été modifié.',
    switchAt:
      'Appuyez sur le bouton et choisissez le compte {expected} {at}. S’il n’est pas proposé, choisissez « Utiliser un autre compte ».',
    switchLogin:
      '{received} n’a pas accès à {expected} {at}. Appuyez sur le bouton et connectez-vous avec un compte qui y a accès ; un administrateur peut l’accorder.',
    switchPassword: 'Saisissez le nom d’utilisateur et le mot de passe de {expected}.',
    loginAtServer: '{login} sur {server}',
    anotherAccount: 'un autre compte',
  },

  admin: {
    heading: 'Pour un administrateur de votre organisation',
    handOver:
      'Envoyez ce lien à un administrateur. Il ouvre une page qui indique ce que l’application peut lire, et ne demande aucun compte ici :',
    link: 'lien pour l’administrateur',
    write: 'Écrire à l’administrateur',
    subject: 'Merci d’approuver {product} pour nos boîtes mail',
    body: 'Bonjour,\n\n{tenant} souhaite connecter ma boîte mail, et notre organisation doit d’abord approuver l’application. Cette page indique ce qu’elle peut lire :\n\n{url}\n\nMerci beaucoup !',
    isMe: 'Je suis moi-même administrateur',
    wait: 'Une fois l’accord donné, rouvrez cette page et connectez-vous. Le lien est valable jusqu’au {when}.',
    thanks: {
      title: 'Merci',
      sentence:
        'Veuillez dire à la personne qui vous a envoyé ce lien de se reconnecter ; le compte sera alors connecté. Vous pouvez fermer cette page.',
    },
    refused: {
      title: 'L’application n’est pas autorisée',
      sentence:
        'Rien n’a été modifié. Le compte reste non connecté tant qu’un administrateur n’autorise pas l’application ; le même lien peut être rouvert pour cela.',
    },
  },

  over: {
    unknown: {
      title: 'Ce lien n’est pas connu',
      sentence:
        'Veuillez vérifier que l’adresse a été copiée en entier. Si elle vous est parvenue par e-mail, ouvrez-la de nouveau depuis celui-ci, ou demandez-en une nouvelle.',
    },
    used: {
      title: 'Ce lien a déjà servi',
      sentence:
        'Un lien ne sert qu’à une seule connexion, et celle-ci est faite. Si quelque chose ne fonctionne toujours pas, demandez un nouveau lien.',
    },
    usedBroken: {
      title: 'Ce lien a déjà servi',
      sentence:
        'Il a servi une fois, mais {account} demande depuis une nouvelle connexion. Il vous faut pour cela un nouveau lien.',
    },
    expired: {
      title: 'Ce lien a expiré',
      sentence: 'Par sécurité, les liens ne valent qu’un temps limité. Rien n’a été modifié et rien n’est perdu.',
    },
    repaired: {
      title: 'Il n’y a plus rien à faire',
      sentence: '{account} est de nouveau connecté à {tenant}. Ce lien n’est plus nécessaire.',
    },
    disconnected: {
      title: 'Ce compte a été déconnecté',
      sentence:
        'La connexion de {account} a pris fin ; il n’y a plus lieu de se connecter. Pour le reconnecter, demandez un nouveau lien à {tenant}.',
    },
    renew: 'M’envoyer un nouveau lien',
    renewing: 'Demande d’un nouveau lien…',
    renewed: {
      title: 'Veuillez consulter vos e-mails',
      sentence:
        'Si ce lien était le vôtre, un nouveau est en route. Cela peut prendre quelques minutes ; pensez aussi à regarder dans les indésirables.',
    },
    orAsk: 'Ou demandez un nouveau lien à {tenant} ; il a le même effet.',
  },

  done: {
    heading: 'Connecté',
    first: '{account} est connecté à {tenant}.',
    again: '{account} est de nouveau connecté à {tenant}.',
    fromNowOn: 'Les messages qui arrivent désormais y apparaissent.',
    looking: 'Recherche des messages manqués…',
    soFar: {
      one: '{count} message manqué est déjà là',
      many: '{count} de messages manqués sont déjà là',
      other: '{count} messages manqués sont déjà là',
    },
    ofAbout: {
      one: '{count} message manqué sur {total} environ est là',
      many: '{count} de messages manqués sur {total} environ sont là',
      other: '{count} messages manqués sur {total} environ sont là',
    },
    fetched: {
      one: '{count} message manqué a été récupéré.',
      many: '{count} de messages manqués ont été récupérés.',
      other: '{count} messages manqués ont été récupérés.',
    },
    earlier: { one: '{count} message antérieur est là.', other: '{count} messages antérieurs sont là.' },
    none: 'Aucun message n’a été manqué.',
    checked: 'Comparé avec la boîte mail : il ne manque rien.',
    skipped: {
      one: '{count} a été laissé de côté : supprimé entre-temps, ou dans les indésirables, la corbeille ou les brouillons.',
      other:
        '{count} ont été laissés de côté : supprimés entre-temps, ou dans les indésirables, la corbeille ou les brouillons.',
    },
    missing: {
      one: '{count} message n’a pas encore pu être récupéré.',
      other: '{count} messages n’ont pas encore pu être récupérés.',
    },
    stalled: 'Tout n’a pas encore pu être récupéré ; un nouvel essai se fait automatiquement.',
    cancelled: 'La récupération a été arrêtée. Le compte reste connecté.',
    progress: 'Messages manqués',
    silent:
      '{title}. Ce qui manque est récupéré malgré tout ; cette page l’affichera dès que la connexion sera rétablie.',
    goesOn: 'Cela continue tout seul, même si vous fermez cette page.',
    jobDone: 'Le lien a rempli son rôle et ne peut plus servir.',
    changedHeading: 'Accès modifié',
    changed: '{tenant} accède désormais à {account} par {access}. L’historique et les réglages sont inchangés.',
    comparing: 'Comparaison des messages…',
    known: {
      one: '{count} message était déjà là et n’est pas arrivé deux fois.',
      many: '{count} de messages étaient déjà là ; aucun n’est arrivé deux fois.',
      other: '{count} messages étaient déjà là ; aucun n’est arrivé deux fois.',
    },
  },
};
