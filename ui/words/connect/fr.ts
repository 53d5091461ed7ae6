import type { ConnectWords } from './shape.ts';

export const words: ConnectWords = {
  providers: {
    imap: { name: 'le serveur de messagerie', at: 'sur le serveur de messagerie' },
    exchange: { name: 'le serveur Exchange', at: 'sur le serveur Exchange' },
  },
  atProvider: 'chez {provider}',
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
    heading: 'Reconnectez-vous en tant que {account}',
    moveHeading: 'Changer le mode d’accès à {account}',
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
    allowRead: 'Vous autorisez {product} à lire les messages.',
    allowSend: 'Vous autorisez {product} à lire les messages et à en envoyer en votre nom.',
    enterPassword: 'Vous saisissez le mot de passe. Il est vérifié par une vraie connexion avant tout enregistrement.',
    fromNowOn: 'Les messages reçus ensuite apparaissent chez {tenant}.',
    canUse: '{tenant} peut ensuite utiliser le compte.',
    missed: 'Vous voyez ici les messages manqués arriver. C’est tout.',
    canUseAgain: '{tenant} peut de nouveau utiliser le compte. C’est tout.',
  },

  choice: {
    whichAccount: 'De quel type de compte s’agit-il ?',
    hints: {
      gmail: 'Gmail et Google Workspace ; vous vous connectez chez Google',
      microsoft: 'Microsoft 365 et Outlook.com ; vous vous connectez chez Microsoft',
      exchange: 'Serveur Exchange de votre organisation',
      imap: 'Toute autre boîte mail, avec son mot de passe',
      salesforce: 'Salesforce ; vous vous connectez chez Salesforce',
    },
    noneOffered: 'Ce lien n’autorise aucun type de compte. Veuillez vous adresser à son expéditeur.',
    continueWith: 'Continuer avec {provider}',
    leaving: 'Ouverture de {provider}…',
    signInAs: 'Se connecter en tant que {account}',
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
    serverAddress: 'Adresse du serveur',
    encryption: 'Chiffrement',
    byPort: 'Selon le port',
    port: 'Port',
    sandbox: 'Une boîte du bac à sable ? Ses comptes et leur serveur se trouvent sur {page}.',
    sandboxPage: 'la page du bac à sable',
    testing: 'Vérification de la connexion…',
    connect: 'Connecter',
    signIn: 'Se connecter',
    safe: 'Le mot de passe est vérifié avant tout enregistrement, et enregistré de sorte que seule la récupération des messages peut l’ouvrir.',
    check: 'Veuillez vérifier votre saisie',
    fields: {
      username: 'Saisissez le nom d’utilisateur, en général l’adresse e-mail ; 320 caractères au plus.',
      password: 'Saisissez le mot de passe ; 2 000 caractères au plus.',
      host: 'Saisissez uniquement le nom du serveur, par exemple imap.example.com : sans « https:// », sans chemin, et le port dans son propre champ.',
      port: 'Le port est un nombre entier de 1 à 65535 ; les serveurs de messagerie utilisent 993 (TLS) ou 143 (STARTTLS).',
      security: 'Choisissez TLS ou STARTTLS.',
    },
  },

  failures: {
    authentication_failed: {
      title: 'Le mot de passe a été refusé',
      sentence:
        'Le serveur de messagerie n’accepte pas ce nom d’utilisateur et ce mot de passe. Beaucoup de fournisseurs demandent ici un mot de passe d’application au lieu de l’habituel.',
    },
    dns_failed: {
      title: 'Ce serveur n’existe pas',
      sentence: 'Aucun serveur de messagerie ne porte ce nom. Veuillez vérifier l’orthographe.',
    },
    server_not_found: {
      title: 'Quel est le serveur de messagerie ?',
      sentence:
        'Aucun serveur n’a été trouvé pour cette adresse. Veuillez saisir son nom, par exemple imap.example.com. Le fournisseur l’indique dans son aide sous « serveur IMAP » ou « courrier entrant » ; il figure aussi dans les paramètres du compte de votre logiciel de messagerie.',
    },
    account_disabled: {
      title: 'Le compte est désactivé',
      sentence: '{provider} indique que ce compte est désactivé. Veuillez vous adresser à votre administrateur.',
    },
    admin_consent_required: {
      title: 'Un administrateur doit d’abord l’approuver',
      sentence:
        '{provider} indique que votre organisation décide des applications qui lisent les messages. Envoyez le lien ci-dessous à un administrateur, puis reconnectez-vous une fois l’accord donné.',
    },
    connection_refused: {
      title: 'Le serveur ne répond pas',
      sentence: 'Le serveur existe, mais ne répond pas sur ce port. Veuillez vérifier le serveur et le port.',
    },
    timeout: {
      title: 'Le serveur ne répond pas',
      sentence: 'Le serveur n’a pas répondu à temps. Veuillez vérifier le serveur et le port, ou réessayer.',
    },
    tls_untrusted: {
      title: 'Le serveur n’est pas fiable',
      sentence:
        'Le certificat du serveur n’est pas valable pour ce nom ; rien ne lui a donc été envoyé. Veuillez vérifier le nom.',
    },
    starttls_missing: {
      title: 'Pas de chiffrement',
      sentence:
        'Le serveur ne propose pas de chiffrement sur ce port ; aucun mot de passe n’a donc été envoyé. Essayez « TLS » avec le port 993.',
    },
    wrong_protocol: {
      title: 'Ce n’est pas un serveur IMAP',
      sentence:
        'Autre chose répond sur ce port, par exemple le serveur d’envoi ; aucun mot de passe n’a donc été envoyé. IMAP utilise en général le port 993 avec TLS, ou 143 avec STARTTLS.',
    },
    wrong_security: {
      title: 'L’autre type de chiffrement',
      sentence:
        'Le serveur utilise sur ce port l’autre type de chiffrement ; aucun mot de passe n’a donc été envoyé. TLS va en général avec le port 993, STARTTLS avec 143.',
    },
    tls_failed: {
      title: 'Pas de chiffrement sur ce port',
      sentence:
        'Le serveur ne connaît pas ce type de chiffrement sur ce port ; aucun mot de passe n’a donc été envoyé. TLS va en général avec le port 993, STARTTLS avec 143.',
    },
    connection_lost: {
      title: 'Le serveur a raccroché',
      sentence:
        'Le serveur a coupé la connexion en cours de route. Veuillez vérifier le serveur et le port, ou réessayer.',
    },
    unreachable: {
      title: 'Le serveur n’est pas joignable',
      sentence: 'Aucun chemin ne mène d’ici à ce serveur. Veuillez vérifier le nom.',
    },
    network: {
      title: 'Le serveur n’est pas joignable',
      sentence: 'La connexion au serveur a échoué. Veuillez vérifier le serveur et le port, ou réessayer.',
    },
    egress_denied: {
      title: 'Non autorisé d’ici',
      sentence: 'Aucune connexion à ce serveur n’est autorisée d’ici. Veuillez vous adresser à l’expéditeur du lien.',
    },
    mailbox_unavailable: {
      title: 'La boîte mail ne peut pas être ouverte',
      sentence: 'La connexion a réussi, mais la boîte mail ne peut pas être ouverte.',
    },
    no_refresh_token: {
      title: 'Aucun accès durable n’a été donné',
      sentence:
        '{provider} vous a connecté, mais n’a pas donné d’accès durable. Veuillez réessayer et accepter l’accès quand il est demandé.',
    },
    access_denied: {
      title: 'L’accès n’a pas été donné',
      sentence: 'Vous-même, ou {provider}, avez refusé. Rien n’a été modifié ; vous pouvez réessayer.',
    },
    scope_missing: {
      title: 'Il manquait des cases cochées',
      sentence:
        '{provider} a demandé quelles autorisations donner, et l’une des autorisations nécessaires a été omise. Veuillez réessayer et cocher toutes les cases.',
    },
    state_invalid: {
      title: 'Cette connexion n’était plus valable',
      sentence:
        'La connexion a été commencée dans un autre navigateur ou il y a trop longtemps. Veuillez recommencer ici.',
    },
    access_type_not_allowed: {
      title: 'Non autorisé ici',
      sentence: 'Ce type d’accès n’est pas autorisé pour ce compte. Veuillez vous adresser à l’expéditeur du lien.',
    },
    provider_error: {
      title: 'Un problème {at}',
      sentence:
        '{provider} n’a pas pu terminer la connexion. Rien n’a été modifié ; veuillez réessayer dans une minute.',
    },
    attestation_required: {
      title: 'Est-ce la même boîte mail ?',
      sentence:
        'On en sait trop peu sur cette boîte pour dire si elle est la même sur le nouveau serveur. Rien n’a été modifié. Veuillez vous adresser à l’expéditeur du lien.',
    },
    account_connected: {
      title: 'Déjà connecté',
      sentence: 'Ce compte sur ce serveur a sa propre connexion. Rien n’a été modifié.',
    },
    link_used: {
      title: 'Ce lien a déjà servi',
      sentence: 'Un lien ne sert qu’à une seule connexion, et celle-ci est faite.',
    },
    link_expired: {
      title: 'Ce lien a expiré',
      sentence: 'Les liens ne valent qu’un temps limité, et celui-ci est passé.',
    },
    mooring_unreachable: {
      title: '{product} ne répond pas',
      sentence: 'Aucune réponse n’est arrivée. Veuillez réessayer dans un instant ; rien n’est fait deux fois.',
    },
    offline: {
      title: 'Vous êtes hors ligne',
      sentence: 'Veuillez réessayer dès que cet appareil a un réseau ; rien n’est fait deux fois.',
    },
  },
  failed: {
    unknown: {
      title: 'Cela n’a pas fonctionné',
      sentence: 'La raison n’est pas connue. Veuillez réessayer dans un instant.',
    },
    nothingStored: 'Rien n’a été enregistré.',
  },
  mismatch: {
    title: 'C’était un autre compte',
    sentence: 'Vous vous êtes connecté en tant que {received}, mais ce lien est pour {expected}.',
    nothingChanged: 'Rien n’a été modifié.',
    switchAt:
      'Appuyez sur le bouton ci-dessous et choisissez {expected}. S’il n’est pas proposé, choisissez {at} « Utiliser un autre compte », ou déconnectez-en d’abord {received}.',
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
  },
};
