import type { MailWords } from './mail-words.ts';

const messages = (count: number) => (count === 1 ? '1 message' : `${count.toLocaleString('fr-FR')} messages`);

export const fr: MailWords = {
  betweenSentences: ' ',
  party: (name) =>
    name === null
      ? { subject: 'Le serveur de messagerie', at: 'auprès du serveur de messagerie' }
      : { subject: name, at: `chez ${name}` },
  greeting: ({ name }) => `Bonjour ${name},`,
  occasions: {
    sign_in: {
      subject: ({ tenant, mailbox }) => `${tenant}\u00A0: merci de reconnecter ${mailbox}`,
      title: () => 'Merci de vous reconnecter',
      lead: ({ tenant, mailbox }) => `${tenant} a perdu la connexion à la boîte mail ${mailbox}.`,
    },
    change_access: {
      subject: ({ tenant, mailbox }) => `${tenant}\u00A0: merci de changer l’accès à ${mailbox}`,
      title: () => 'Merci de changer l’accès',
      lead: ({ tenant, mailbox }) => `${tenant} ne peut plus accéder à la boîte mail ${mailbox} comme auparavant.`,
    },
    change_link: {
      subject: ({ tenant, mailbox }) => `${tenant}\u00A0: votre nouveau lien pour ${mailbox}`,
      title: () => 'Voici votre nouveau lien',
      lead: ({ tenant, mailbox }) =>
        `Ce lien vous permet de changer la façon dont la boîte mail ${mailbox} est connectée à ${tenant}. L’ancien lien n’est plus valable.`,
    },
    unreachable: {
      subject: ({ tenant, mailbox }) => `${tenant}\u00A0: ${mailbox} ne peut plus être ouverte`,
      title: () => 'Une boîte mail ne peut plus être ouverte',
      lead: ({ tenant, mailbox }) =>
        `${tenant} ne peut plus ouvrir la boîte mail ${mailbox}, et une nouvelle connexion n’y changerait rien.`,
    },
    approve: {
      subject: ({ tenant, mailbox }) => `${tenant}\u00A0: un administrateur doit autoriser ${mailbox}`,
      title: () => 'Une autorisation est nécessaire',
      lead: ({ tenant, mailbox }) =>
        `${tenant} ne pourra se connecter à la boîte mail ${mailbox} qu’après l’accord d’un administrateur de votre organisation.`,
    },
    reminder: {
      subject: ({ tenant, mailbox }) => `Rappel de ${tenant}\u00A0: ${mailbox} n’est toujours pas connectée`,
      title: () => 'Toujours pas connectée',
      lead: ({ tenant, mailbox }) => `${tenant} n’a toujours pas de connexion à la boîte mail ${mailbox}.`,
    },
    recovered: {
      subject: ({ tenant, mailbox }) => `${tenant}\u00A0: ${mailbox} est de nouveau connectée`,
      title: () => 'De nouveau connectée',
      lead: ({ tenant, mailbox }) => `La boîte mail ${mailbox} est de nouveau connectée à ${tenant}.`,
    },
    expiring: {
      subject: ({ tenant, mailbox }) => `${tenant}\u00A0: l’accès à ${mailbox} expire bientôt`,
      title: () => 'L’accès expire bientôt',
      lead: ({ tenant, mailbox, until }) => `L’accès de ${tenant} à la boîte mail ${mailbox} expire le ${until}.`,
    },
    digest: {
      subject: ({ tenant, count }) => `${tenant}\u00A0: ${count} boîtes mail attendent votre connexion`,
      title: ({ count }) => `${count} boîtes mail ont besoin de vous`,
      lead: ({ tenant, count }) =>
        `${tenant} a perdu la connexion à ${count} boîtes mail. Chacune demande sa propre connexion.`,
    },
    new_link: {
      subject: ({ tenant, mailbox }) => `${tenant}\u00A0: votre nouveau lien pour ${mailbox}`,
      title: () => 'Voici votre nouveau lien',
      lead: ({ tenant, mailbox }) =>
        `Ce lien vous permet de reconnecter la boîte mail ${mailbox} à ${tenant}. L’ancien lien n’est plus valable.`,
    },
    connect_link: {
      subject: ({ tenant }) => `${tenant}\u00A0: votre nouveau lien pour connecter une boîte mail`,
      title: () => 'Voici votre nouveau lien',
      lead: ({ tenant }) => `Ce lien vous permet de connecter votre boîte mail à ${tenant}. L’ancien lien a expiré.`,
    },
  },
  reasons: {
    password_changed: ({ provider, login }) =>
      `${provider.subject} n’accepte plus la connexion de ${login}, car le mot de passe a changé.`,
    access_revoked: ({ provider }) => `L’accès a été retiré ${provider.at}.`,
    session_revoked: ({ provider, login }) =>
      `Toutes les sessions de ${login} ${provider.at} ont été fermées, et cet accès avec elles.`,
    token_idle_expired: ({ provider }) => `L’accès est resté trop longtemps inutilisé et a expiré ${provider.at}.`,
    refresh_token_expired: ({ provider }) =>
      `L’accès a expiré. ${provider.subject} demande une nouvelle connexion de temps à autre.`,
    mfa_required: ({ provider, login }) =>
      `${provider.subject} demande que ${login} confirme la connexion avec un second facteur.`,
    conditional_access: ({ provider }) =>
      `Une règle de connexion de votre organisation ${provider.at} a mis fin à l’accès.`,
    admin_consent_required: ({ provider }) =>
      `${provider.subject} demande qu’un administrateur de votre organisation autorise l’application.`,
    admin_policy_enforced: ({ provider }) =>
      `Une règle de votre organisation ${provider.at} n’autorise pas l’application.`,
    insufficient_scope: ({ provider }) =>
      `Il manque une autorisation ${provider.at}\u00A0: une case n’a pas été cochée, ou l’autorisation a été retirée ensuite.`,
    account_disabled: ({ provider, login }) =>
      `${provider.subject} indique que le compte ${login} est désactivé ou supprimé.`,
    mailbox_unavailable: ({ provider, login }) =>
      `${provider.subject} accepte la connexion, mais la boîte mail de ${login} ne s’ouvre pas.`,
    subscription_renewal_failed: ({ provider }) => `${provider.subject} n’annonce plus les nouveaux messages.`,
    app_credentials_invalid: ({ provider }) => `${provider.subject} n’accepte pas l’application en ce moment.`,
    refresh_outcome_unknown: ({ provider }) =>
      `La connexion a été coupée pendant le renouvellement de l’accès ${provider.at}. Vous n’avez commis aucune erreur.`,
    provider_unavailable: ({ provider }) => `${provider.subject} ne répond pas correctement en ce moment.`,
    rate_limited: ({ provider }) => `${provider.subject} demande moins de requêtes.`,
    network: ({ provider }) => `${provider.subject} est injoignable en ce moment.`,
  },
  ambiguous: {
    grant: ({ provider }) =>
      `${provider.subject} a mis fin à l’accès\u00A0: soit le mot de passe a changé, soit l’accès a été retiré.`,
    password: ({ provider, login }) =>
      `${provider.subject} n’accepte plus le mot de passe de ${login}. Il a sans doute changé, ou le compte a été bloqué.`,
  },
  withoutReason: ({ provider }) => `${provider.subject} a refusé la connexion sans donner de raison.`,
  ends: {
    refresh_token_expired: ({ provider }) => `${provider.subject} demande une nouvelle connexion de temps à autre.`,
    token_idle_expired: ({ provider }) => `${provider.subject} met fin à un accès resté longtemps inutilisé.`,
  },
  labels: { why: 'Raison', since: 'Depuis', interrupted: 'Interruption', until: 'Expire' },
  fromTo: ({ from, to }) => `${from} – ${to}`,
  tasks: {
    sign_in_grant: ({ provider, login }) =>
      `Ouvrez la page et connectez-vous ${provider.at} avec le compte ${login}. Cela prend environ une minute.`,
    sign_in_shared: ({ provider, mailbox }) =>
      `Ouvrez la page et connectez-vous ${provider.at} avec votre propre compte, qui doit avoir accès à ${mailbox}. Cela prend environ une minute.`,
    sign_in_password: ({ login }) =>
      `Ouvrez la page et saisissez le mot de passe actuel de ${login}. Cela prend environ une minute.`,
    change_access: ({ login }) =>
      `Ouvrez la page et choisissez comment accéder désormais à ${login}. L’historique et les réglages restent. Cela prend environ une minute.`,
    approve: ({ provider }) =>
      `Ouvrez la page, vérifiez ce qui est demandé et donnez votre accord ${provider.at}. Il vous faut pour cela les droits d’administrateur\u00A0; si vous ne les avez pas, montrez ce message à votre service informatique.`,
    ask_to_allow: ({ provider, login }) =>
      `Merci de demander à l’administrateur de ${login} ${provider.at} d’autoriser l’accès\u00A0: un réglage ou une règle y empêche les applications ou les logiciels de messagerie (IMAP) d’ouvrir la boîte mail.`,
    ask_administrator: ({ provider, login }) =>
      `Merci de demander à l’administrateur de ${login} ${provider.at} si le compte existe encore.`,
  },
  buttons: {
    sign_in: 'Se reconnecter',
    approve: 'Vérifier et autoriser',
    renew: 'Renouveler l’accès',
    change_access: 'Changer l’accès',
    connect: 'Connecter',
  },
  buttonFor: ({ button, mailbox }) => `${button}\u00A0: ${mailbox}`,
  safety: ({ host }) => `Le lien mène à ${host}. N’envoyez jamais de mot de passe par e-mail.`,
  fallback: 'Si le bouton ne fonctionne pas, copiez cette adresse dans votre navigateur\u00A0:',
  outlook: {
    imports:
      'Rien n’est perdu\u00A0: les nouveaux messages restent dans la boîte mail et seront récupérés après votre connexion.',
    importsMissed: ({ count }) =>
      `Rien n’est perdu\u00A0: ${messages(count)} ${count === 1 ? 'attend dans la boîte mail et sera récupéré' : 'attendent dans la boîte mail et seront récupérés'} après votre connexion.`,
    works: ({ tenant }) => `Après votre connexion, ${tenant} pourra de nouveau utiliser la boîte mail.`,
    approved:
      'Après l’autorisation, la connexion se fait d’elle-même. D’ici là, les nouveaux messages restent dans la boîte mail.',
    triedAgain: 'La connexion est retentée toutes les heures et reviendra d’elle-même dès que le compte fonctionnera.',
    renewed: 'Si vous vous connectez avant cette date, rien ne sera interrompu.',
    recovering: 'Les messages arrivés entre-temps sont en cours de récupération.',
    recoveredMissed: ({ count }) =>
      count === 1
        ? '1 message arrivé entre-temps a été récupéré.'
        : `${messages(count)} arrivés entre-temps ont été récupérés.`,
    nothingToDo: 'Vous n’avez rien à faire.',
    ignore: 'Si vous n’avez pas demandé de lien, ignorez ce message. Rien ne change.',
  },
  several: 'ces boîtes mail',
  whys: {
    owner: ({ tenant, about }) => `Vous recevez ce message parce que vous êtes responsable de ${about} chez ${tenant}.`,
    admin: ({ tenant, about }) =>
      `Vous recevez ce message en tant qu’administrateur de ${tenant}, au sujet de ${about}.`,
    owner_silent: ({ tenant, about }) =>
      `Vous recevez ce message en tant qu’administrateur de ${tenant}, car la personne responsable de ${about} ne s’est pas encore connectée.`,
    owner_left: ({ tenant, about }) =>
      `Vous recevez ce message en tant qu’administrateur de ${tenant}, car aucune personne responsable de ${about} n’est joignable.`,
    owner_unsubscribed: ({ tenant, about }) =>
      `Vous recevez ce message en tant qu’administrateur de ${tenant}, car la personne responsable de ${about} ne souhaite pas de messages à ce sujet.`,
    asked: ({ tenant }) =>
      `Vous recevez ce message parce qu’un nouveau lien a été demandé sur une page de ${tenant} dont vous aviez reçu le lien.`,
  },
  stop: ({ about }) => `Ne plus recevoir de messages au sujet de ${about}`,
  stopMeans: 'Un administrateur sera alors prévenu à votre place.',
  sentBy: ({ product, tenant }) => `Envoyé par ${product} pour ${tenant}`,
  support: 'Aide',
  privacy: 'Confidentialité',
};
