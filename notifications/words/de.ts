import type { MailWords } from './mail-words.ts';

const messages = (count: number) => (count === 1 ? '1 Nachricht' : `${count.toLocaleString('de-DE')} Nachrichten`);

export const de: MailWords = {
  betweenSentences: ' ',
  party: (name) =>
    name === null ? { subject: 'Der Mailserver', at: 'beim Mailserver' } : { subject: name, at: `bei ${name}` },
  greeting: ({ name }) => `Guten Tag ${name},`,
  occasions: {
    sign_in: {
      subject: ({ tenant, mailbox }) => `${tenant}: Bitte melden Sie sich für ${mailbox} neu an`,
      title: () => 'Bitte melden Sie sich neu an',
      lead: ({ tenant, mailbox }) => `${tenant} hat die Verbindung zum Postfach ${mailbox} verloren.`,
    },
    change_access: {
      subject: ({ tenant, mailbox }) => `${tenant}: Bitte ändern Sie den Zugang zu ${mailbox}`,
      title: () => 'Bitte ändern Sie den Zugang',
      lead: ({ tenant, mailbox }) => `${tenant} erreicht das Postfach ${mailbox} nicht mehr auf dem bisherigen Weg.`,
    },
    change_link: {
      subject: ({ tenant, mailbox }) => `${tenant}: Ihr neuer Link für ${mailbox}`,
      title: () => 'Hier ist Ihr neuer Link',
      lead: ({ tenant, mailbox }) =>
        `Mit diesem Link ändern Sie, wie das Postfach ${mailbox} mit ${tenant} verbunden ist. Der alte Link gilt nicht mehr.`,
    },
    unreachable: {
      subject: ({ tenant, mailbox }) => `${tenant}: ${mailbox} lässt sich nicht mehr öffnen`,
      title: () => 'Ein Postfach lässt sich nicht mehr öffnen',
      lead: ({ tenant, mailbox }) =>
        `${tenant} kann das Postfach ${mailbox} nicht mehr öffnen. Eine neue Anmeldung würde daran nichts ändern.`,
    },
    approve: {
      subject: ({ tenant, mailbox }) => `${tenant}: Ein Administrator muss ${mailbox} freigeben`,
      title: () => 'Eine Freigabe ist nötig',
      lead: ({ tenant, mailbox }) =>
        `${tenant} kann sich erst mit dem Postfach ${mailbox} verbinden, wenn ein Administrator Ihrer Organisation das freigegeben hat.`,
    },
    reminder: {
      subject: ({ tenant, mailbox }) => `Erinnerung von ${tenant}: ${mailbox} ist noch nicht verbunden`,
      title: () => 'Noch immer nicht verbunden',
      lead: ({ tenant, mailbox }) => `${tenant} hat noch immer keine Verbindung zum Postfach ${mailbox}.`,
    },
    recovered: {
      subject: ({ tenant, mailbox }) => `${tenant}: ${mailbox} ist wieder verbunden`,
      title: () => 'Wieder verbunden',
      lead: ({ tenant, mailbox }) => `Das Postfach ${mailbox} ist wieder mit ${tenant} verbunden.`,
    },
    expiring: {
      subject: ({ tenant, mailbox }) => `${tenant}: Der Zugang zu ${mailbox} läuft bald ab`,
      title: () => 'Der Zugang läuft bald ab',
      lead: ({ tenant, mailbox, until }) => `Der Zugang von ${tenant} zum Postfach ${mailbox} läuft ab: ${until}.`,
    },
    digest: {
      subject: ({ tenant, count }) => `${tenant}: ${count} Postfächer brauchen Ihre Anmeldung`,
      title: ({ count }) => `${count} Postfächer brauchen Sie`,
      lead: ({ tenant, count }) =>
        `${tenant} hat die Verbindung zu ${count} Postfächern verloren. Jedes braucht eine eigene Anmeldung.`,
    },
    new_link: {
      subject: ({ tenant, mailbox }) => `${tenant}: Ihr neuer Link für ${mailbox}`,
      title: () => 'Hier ist Ihr neuer Link',
      lead: ({ tenant, mailbox }) =>
        `Mit diesem Link verbinden Sie das Postfach ${mailbox} wieder mit ${tenant}. Der alte Link gilt nicht mehr.`,
    },
    connect_link: {
      subject: ({ tenant }) => `${tenant}: Ihr neuer Link, um ein Postfach zu verbinden`,
      title: () => 'Hier ist Ihr neuer Link',
      lead: ({ tenant }) => `Mit diesem Link verbinden Sie Ihr Postfach mit ${tenant}. Der alte Link ist abgelaufen.`,
    },
  },
  reasons: {
    password_changed: ({ provider, login }) =>
      `${provider.subject} nimmt die Anmeldung von ${login} nicht mehr an, weil das Passwort geändert wurde.`,
    access_revoked: ({ provider }) => `Der Zugang wurde ${provider.at} entzogen.`,
    session_revoked: ({ provider, login }) =>
      `Alle Sitzungen von ${login} wurden ${provider.at} beendet, und damit auch dieser Zugang.`,
    token_idle_expired: ({ provider }) =>
      `Der Zugang wurde zu lange nicht benutzt und ist deshalb ${provider.at} abgelaufen.`,
    refresh_token_expired: ({ provider }) =>
      `Der Zugang ist abgelaufen. ${provider.subject} verlangt von Zeit zu Zeit eine neue Anmeldung.`,
    mfa_required: ({ provider, login }) =>
      `${provider.subject} verlangt, dass ${login} die Anmeldung mit einem zweiten Faktor bestätigt.`,
    conditional_access: ({ provider }) =>
      `Eine Anmelderichtlinie Ihrer Organisation ${provider.at} hat den Zugang beendet.`,
    admin_consent_required: ({ provider }) =>
      `${provider.subject} verlangt, dass ein Administrator Ihrer Organisation die App freigibt.`,
    admin_policy_enforced: ({ provider }) =>
      `Eine Richtlinie Ihrer Organisation ${provider.at} lässt die App nicht zu.`,
    insufficient_scope: ({ provider }) =>
      `Es fehlt eine Berechtigung ${provider.at}: Ein Häkchen wurde nicht gesetzt, oder die Berechtigung wurde später entzogen.`,
    account_disabled: ({ provider, login }) =>
      `${provider.subject} meldet, dass das Konto ${login} gesperrt oder gelöscht ist.`,
    mailbox_unavailable: ({ provider, login }) =>
      `${provider.subject} nimmt die Anmeldung an, aber das Postfach von ${login} lässt sich nicht öffnen.`,
    subscription_renewal_failed: ({ provider }) => `${provider.subject} meldet keine neuen Nachrichten mehr.`,
    app_credentials_invalid: ({ provider }) => `${provider.subject} nimmt die App zurzeit nicht an.`,
    refresh_outcome_unknown: ({ provider }) =>
      `Die Verbindung brach ab, während der Zugang ${provider.at} erneuert wurde. Sie haben nichts falsch gemacht.`,
    provider_unavailable: ({ provider }) => `${provider.subject} antwortet zurzeit nicht richtig.`,
    rate_limited: ({ provider }) => `${provider.subject} bittet um weniger Anfragen.`,
    network: ({ provider }) => `${provider.subject} ist zurzeit nicht erreichbar.`,
  },
  ambiguous: {
    grant: ({ provider }) =>
      `${provider.subject} hat den Zugang beendet: Entweder wurde das Passwort geändert, oder der Zugang wurde entzogen.`,
    password: ({ provider, login }) =>
      `${provider.subject} nimmt das Passwort von ${login} nicht mehr an. Wahrscheinlich wurde es geändert, oder das Konto wurde gesperrt.`,
  },
  withoutReason: ({ provider }) => `${provider.subject} hat die Verbindung abgelehnt und keinen Grund genannt.`,
  ends: {
    refresh_token_expired: ({ provider }) => `${provider.subject} verlangt von Zeit zu Zeit eine neue Anmeldung.`,
    token_idle_expired: ({ provider }) => `${provider.subject} beendet einen Zugang, der lange nicht benutzt wird.`,
  },
  labels: {
    why: 'Grund',
    since: 'Seit',
    interrupted: 'Unterbrochen',
    until: 'Läuft ab',
  },
  fromTo: ({ from, to }) => `${from} – ${to}`,
  tasks: {
    sign_in_grant: ({ provider, login }) =>
      `Öffnen Sie die Seite und melden Sie sich ${provider.at} als ${login} an. Das dauert etwa eine Minute.`,
    sign_in_shared: ({ provider, mailbox }) =>
      `Öffnen Sie die Seite und melden Sie sich ${provider.at} mit Ihrem eigenen Konto an, das Zugriff auf ${mailbox} haben muss. Das dauert etwa eine Minute.`,
    sign_in_password: ({ login }) =>
      `Öffnen Sie die Seite und geben Sie das aktuelle Passwort von ${login} ein. Das dauert etwa eine Minute.`,
    change_access: ({ login }) =>
      `Öffnen Sie die Seite und wählen Sie, wie ${login} ab jetzt erreicht wird. Verlauf und Einstellungen bleiben. Das dauert etwa eine Minute.`,
    approve: ({ provider }) =>
      `Öffnen Sie die Seite, prüfen Sie, worum es geht, und geben Sie es ${provider.at} frei. Dazu brauchen Sie dort die Rechte eines Administrators; wenn Sie diese nicht haben, zeigen Sie bitte Ihrer IT-Abteilung diese E-Mail.`,
    ask_to_allow: ({ provider, login }) =>
      `Bitte lassen Sie den Administrator von ${login} ${provider.at} den Zugriff erlauben: Eine Einstellung oder Richtlinie hindert dort Apps oder E-Mail-Programme (IMAP) daran, das Postfach zu öffnen.`,
    ask_administrator: ({ provider, login }) =>
      `Bitte fragen Sie den Administrator von ${login} ${provider.at}, ob es das Konto noch gibt.`,
  },
  buttons: {
    sign_in: 'Neu anmelden',
    approve: 'Prüfen und freigeben',
    renew: 'Zugang erneuern',
    change_access: 'Zugang ändern',
    connect: 'Verbinden',
  },
  buttonFor: ({ button, mailbox }) => `${button}: ${mailbox}`,
  safety: ({ host }) => `Der Link führt zu ${host}. Bitte verschicken Sie nie ein Passwort per E-Mail.`,
  fallback: 'Falls die Schaltfläche nicht funktioniert, öffnen Sie diese Adresse im Browser:',
  outlook: {
    imports: 'Es geht nichts verloren: Neue Nachrichten warten im Postfach und werden nach der Anmeldung nachgeholt.',
    importsMissed: ({ count }) =>
      `Es geht nichts verloren: Im Postfach ${count === 1 ? 'wartet' : 'warten'} ${messages(count)} und ${count === 1 ? 'wird' : 'werden'} nach der Anmeldung nachgeholt.`,
    works: ({ tenant }) => `Nach der Anmeldung kann ${tenant} das Postfach wieder benutzen.`,
    approved:
      'Nach der Freigabe wird die Verbindung von selbst hergestellt. Neue Nachrichten warten bis dahin im Postfach.',
    triedAgain:
      'Die Verbindung wird stündlich neu versucht und kommt von selbst zurück, sobald das Konto wieder funktioniert.',
    renewed: 'Wenn Sie sich vorher einmal anmelden, wird nichts unterbrochen.',
    recovering: 'Die Nachrichten aus der Zwischenzeit werden gerade nachgeholt.',
    recoveredMissed: ({ count }) =>
      `${messages(count)} aus der Zwischenzeit ${count === 1 ? 'wurde' : 'wurden'} nachgeholt.`,
    nothingToDo: 'Sie müssen nichts tun.',
    ignore: 'Wenn Sie keinen Link angefordert haben, ignorieren Sie diese E-Mail einfach. Es ändert sich nichts.',
  },
  several: 'diese Postfächer',
  whys: {
    owner: ({ tenant, about }) => `Sie erhalten diese E-Mail, weil Sie bei ${tenant} für ${about} zuständig sind.`,
    admin: ({ tenant, about }) => `Sie erhalten diese E-Mail als Administrator von ${tenant}. Es geht um ${about}.`,
    owner_silent: ({ tenant, about }) =>
      `Sie erhalten diese E-Mail als Administrator von ${tenant}, weil sich die für ${about} zuständige Person bisher nicht angemeldet hat.`,
    owner_left: ({ tenant, about }) =>
      `Sie erhalten diese E-Mail als Administrator von ${tenant}, weil für ${about} keine zuständige Person erreichbar ist.`,
    owner_unsubscribed: ({ tenant, about }) =>
      `Sie erhalten diese E-Mail als Administrator von ${tenant}, weil die für ${about} zuständige Person keine E-Mails dazu möchte.`,
    asked: ({ tenant }) =>
      `Sie erhalten diese E-Mail, weil auf einer Seite von ${tenant}, deren Link Sie bekommen haben, ein neuer Link angefordert wurde.`,
  },
  stop: ({ about }) => `E-Mails über ${about} abbestellen`,
  stopMeans: 'Statt Ihnen wird dann ein Administrator benachrichtigt.',
  sentBy: ({ product, tenant }) => `Gesendet von ${product} für ${tenant}`,
  support: 'Hilfe',
  privacy: 'Datenschutz',
};
