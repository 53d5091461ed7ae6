import type { ConnectWords } from '../shape.ts';

export const failures: ConnectWords['failures'] = {
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
    sentence:
      'La connexion a réussi, mais la boîte mail ne peut pas être ouverte. L’accès des logiciels de messagerie est peut-être désactivé dans ses réglages ou par un administrateur.',
  },
  web_sign_in_required: {
    title: '{provider} veut d’abord vous reconnaître',
    sentence:
      '{provider} n’ouvre la boîte mail qu’une fois que vous vous êtes connecté sur sa propre page et avez confirmé que c’est bien vous. Revenez ensuite ici et réessayez.',
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
    sentence: '{provider} n’a pas pu terminer la connexion. Rien n’a été modifié ; veuillez réessayer dans une minute.',
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
};
