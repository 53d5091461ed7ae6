import { failures } from './failures/de.ts';
import type { ConnectWords } from './shape.ts';

export const words: ConnectWords = {
  providers: {
    imap: { name: 'der Mailserver', at: 'beim Mailserver' },
    exchange: { name: 'der Exchange-Server', at: 'beim Exchange-Server' },
  },
  atProvider: 'bei {provider}',
  space: ' ',
  or: 'oder',

  page: {
    language: 'Sprache',
    help: 'Hilfe',
    privacy: 'Datenschutz',
    opening: 'Der Link wird geöffnet …',
    closePage: 'Sie können diese Seite schließen.',
    tryAgain: 'Noch einmal versuchen',
    copy: '{what} kopieren',
    copied: 'Kopiert',
    errorCode: 'Fehlercode',
    asksAgain: '{title}. Diese Seite versucht es von selbst weiter.',
    wentWrong: 'Auf dieser Seite ist etwas schiefgegangen. Bitte laden Sie sie neu.',
  },
  silence: { offline: 'Sie sind offline', mooring_unreachable: '{product} antwortet nicht' },

  connect: {
    heading: 'Konto verbinden',
    asks: '{tenant} bittet Sie, Ihr Postfach zu verbinden, damit Ihre Nachrichten auch dort ankommen.',
    asksAccess: '{tenant} bittet um Zugriff auf Ihr Konto.',
    endAnyTime: 'Sie können das jederzeit wieder beenden.',
  },
  again: {
    heading: 'Bitte wieder anmelden: {account}',
    sharedHeading: 'Bitte wieder anmelden für {account}',
    moveHeading: 'Zugang ändern: {account}',
    healthyTitle: 'Dieses Konto ist verbunden',
    healthy:
      'Sie müssen im Moment nichts tun. Wenn Sie den Zugriff trotzdem erneuern möchten, melden Sie sich unten an.',
    keeps: '{tenant} behält den Zugriff.',
    since: 'Seit {when} kommen bei {tenant} keine neuen Nachrichten an.',
    thenFetched:
      'Nach der Anmeldung werden die verpassten Nachrichten für {tenant} nachgeholt; es geht nichts verloren.',
    thenUsed: '{tenant} kann es danach wieder nutzen.',
  },
  causes: {
    access_ended: '{provider} hat unseren Zugriff beendet: Das Passwort wurde geändert oder der Zugriff widerrufen.',
    password_refused: '{provider} nimmt das Passwort von {login} nicht mehr an; wahrscheinlich wurde es geändert.',
    password_changed: '{provider} lässt uns nicht mehr hinein, weil das Passwort von {login} geändert wurde.',
    access_revoked: 'Der Zugriff wurde {at} widerrufen.',
    session_revoked: 'Alle Anmeldungen von {login} {at} wurden beendet, und damit auch unser Zugriff.',
    token_idle_expired: 'Der Zugriff wurde lange nicht genutzt, deshalb hat {provider} ihn ablaufen lassen.',
    refresh_token_expired: 'Der Zugriff ist abgelaufen: {provider} verlangt von Zeit zu Zeit eine neue Anmeldung.',
    mfa_required: '{provider} verlangt, dass Sie die Anmeldung mit einem zweiten Faktor bestätigen.',
    conditional_access: 'Eine Anmelderegel Ihrer Organisation {at} hat den Zugriff beendet.',
    admin_consent_required: '{provider} verlangt, dass ein Administrator Ihrer Organisation die App genehmigt.',
    admin_policy_enforced: 'Eine Regel Ihrer Organisation {at} lässt die App nicht zu.',
    insufficient_scope: 'Es fehlt eine Berechtigung {at}: Ein Häkchen wurde nicht gesetzt oder wieder entfernt.',
    account_disabled: '{provider} meldet, dass das Konto {login} deaktiviert ist.',
    mailbox_unavailable: '{provider} nimmt die Anmeldung an, aber das Postfach von {login} lässt sich nicht öffnen.',
    subscription_renewal_failed: '{provider} meldet uns im Moment keine neuen Nachrichten.',
    app_credentials_invalid:
      '{provider} nimmt unsere App im Moment nicht an. Sie können nichts dafür und nichts dagegen tun.',
    refresh_outcome_unknown: 'Eine Erneuerung des Zugriffs {at} ist abgebrochen. Sie haben nichts falsch gemacht.',
    provider_unavailable: '{provider} antwortet im Moment nicht richtig.',
    rate_limited: '{provider} hat uns gebeten, langsamer zu machen.',
    network: '{provider} ist im Moment nicht erreichbar.',
  },

  steps: {
    title: 'So geht es weiter',
    signIn: 'Sie melden sich {at} an. Ihr Passwort bekommen wir nie zu sehen.',
    signInAs: 'Sie melden sich {at} als {account} an. Ihr Passwort bekommen wir nie zu sehen.',
    signInOwn:
      'Sie melden sich {at} mit Ihrem eigenen Konto an, das Zugriff auf {mailbox} haben muss. Ihr Passwort bekommen wir nie zu sehen.',
    allowRead: 'Sie erlauben {product}, die Nachrichten zu lesen.',
    allowSend: 'Sie erlauben {product}, die Nachrichten zu lesen und in Ihrem Namen zu senden.',
    enterPassword:
      'Sie geben das Passwort ein. Es wird mit einer echten Anmeldung geprüft, bevor etwas gespeichert wird.',
    canSend: '{tenant} kann dann die Nachrichten lesen und in Ihrem Namen E-Mails senden.',
    fromNowOn: 'Nachrichten, die ab dann eintreffen, erscheinen bei {tenant}.',
    canUse: '{tenant} kann das Konto ab dann nutzen.',
    missed: 'Sie sehen hier, wie die verpassten Nachrichten eintreffen. Das ist alles.',
    canUseAgain: '{tenant} kann das Konto wieder nutzen. Das ist alles.',
    sameAccount: 'Es wird geprüft, ob es dasselbe Konto ist. Wenn nicht, wird nichts geändert.',
    stays:
      'Das Konto bleibt mit Verlauf und Einstellungen bei {tenant}. Was vielleicht verpasst wurde, wird nachgeholt, und nichts kommt doppelt.',
    staysUsed: 'Das Konto bleibt mit seinen Einstellungen bei {tenant}.',
    wayBack: 'Eine Stunde lang kann {tenant} zum bisherigen Zugang zurückkehren; danach wird er gelöscht.',
  },

  change: {
    today: '{tenant} erreicht dieses Konto über {access}.',
    which: 'Wie soll es ab jetzt erreicht werden?',
    sameKind: 'Mit anderen Zugangsdaten oder auf einem anderen Server',
    another: 'Anderen Weg wählen',
    moved: 'Ist das Konto umgezogen?',
    movedHint:
      'Wird es inzwischen auf einem anderen Weg erreicht, können Sie das hier ändern; Verlauf und Einstellungen bleiben.',
    before: 'Wie bisher anmelden',
    onlySame: 'Der Zugang lässt sich nur für dasselbe Konto ändern.',
    notThere: 'Die Nachrichten dieses Kontos wurden dort nicht gefunden.',
  },

  choice: {
    whichAccount: 'Was für ein Konto ist es?',
    hints: {
      gmail: 'Gmail und Google Workspace; Sie melden sich bei Google an',
      microsoft: 'Microsoft 365 und Outlook.com; Sie melden sich bei Microsoft an',
      exchange: 'Exchange-Server Ihrer Organisation',
      imap: 'Jedes andere Postfach, über IMAP',
      salesforce: 'Salesforce; Sie melden sich bei Salesforce an',
    },
    noneOffered: 'Dieser Link lässt keine Art von Konto zu. Bitte fragen Sie den Absender.',
    continueWith: 'Weiter mit {provider}',
    leaving: '{provider} wird geöffnet …',
    signInAs: 'Als {account} anmelden',
    login: {
      where: 'Wo Sie sich anmelden',
      asBefore: 'Wo dieses Konto sich zuletzt angemeldet hat',
      places: {
        production: 'Produktion, oder eine Organisation für Entwickler',
        sandbox: 'Sandbox',
        domain: 'Ihre Organisation',
      },
      own: 'Eine eigene Adresse Ihrer Organisation (My Domain)',
      address: 'Adresse Ihrer Organisation',
      wrong: 'Unter dieser Adresse kann man sich nicht anmelden. Sie sieht aus wie {example}.',
    },
  },

  form: {
    username: 'E-Mail-Adresse oder Benutzername',
    password: 'Passwort',
    showPassword: 'Passwort anzeigen',
    hidePassword: 'Passwort verbergen',
    notes: {
      app_password:
        '{name} verlangt hier ein App-Passwort. Sie erstellen es in den Sicherheitseinstellungen des Kontos.',
      switch_on: 'IMAP muss zuerst in den Einstellungen von {name} eingeschaltet werden.',
      own_password: '{name} verlangt hier das eigene E-Mail-Passwort.',
      no_password:
        '{name} nimmt hier keine Passwörter mehr an; wählen Sie eine andere Art von Konto, wenn sie angeboten wird.',
    },
    serverSettings: 'Servereinstellungen',
    foundByAddress: 'werden über Ihre Adresse gefunden',
    toBeEntered: 'bitte eintragen',
    imapServer: 'IMAP-Server',
    smtpServer: 'SMTP-Server',
    smtpFailed: 'Server für den Versand: {sentence}',
    serverAddress: 'Adresse des Servers',
    serverAddressEmpty: 'Bleibt das Feld leer, wird sie über Ihre E-Mail-Adresse gefunden.',
    basic: {
      title: 'Stimmt das Passwort?',
      sentence:
        'Dann kann ein Proxy vor Exchange die Ursache sein. Der Server bietet auch eine einfachere Anmeldung an (Basic): Dabei wird das Passwort selbst übertragen, auf dem Weg verschlüsselt.',
      tryIt: 'Mit Basic erneut versuchen',
    },
    encryption: 'Verschlüsselung',
    byPort: 'Je nach Port',
    port: 'Port',
    sandbox: 'Ein Postfach der Sandbox? Ihre Konten und deren Server stehen auf {page}.',
    sandboxPage: 'der Seite der Sandbox',
    testing: 'Anmeldung wird geprüft …',
    connect: 'Verbinden',
    signIn: 'Anmelden',
    safe: 'Das Passwort wird so gespeichert, dass nur der Abruf der Nachrichten es öffnen kann.',
    check: 'Bitte prüfen Sie Ihre Eingaben',
    fields: {
      username: 'Geben Sie den Benutzernamen ein, meist ist es die E-Mail-Adresse; höchstens 320 Zeichen.',
      password: 'Geben Sie das Passwort ein; höchstens 2.000 Zeichen.',
      host: 'Geben Sie nur den Namen des Servers ein, etwa imap.example.com: ohne „https://“, ohne Pfad, und den Port in sein eigenes Feld.',
      port: 'Der Port ist eine ganze Zahl von 1 bis 65535; Mailserver nutzen 993 (TLS) oder 143 (STARTTLS).',
      security: 'Wählen Sie TLS oder STARTTLS.',
    },
  },

  failures,
  failed: {
    openPage: 'Seite von {provider} öffnen',
    unknown: {
      title: 'Das hat nicht geklappt',
      sentence: 'Der Grund ist nicht bekannt. Bitte versuchen Sie es gleich noch einmal.',
    },
    nothingStored: 'Es wurde nichts gespeichert.',
  },
  mismatch: {
    title: 'Das war ein anderes Konto',
    signedInAs: 'Sie haben sich angemeldet als',
    linkIsFor: 'Dieser Link ist für',
    nothingChanged: 'Es wurde nichts geändert.',
    switchAt:
      'Drücken Sie auf den Knopf und wählen Sie {at} das Konto {expected} aus. Wird es nicht angeboten, wählen Sie dort „Anderes Konto verwenden“.',
    switchLogin:
      '{received} hat {at} keinen Zugriff auf {expected}. Drücken Sie auf den Knopf und melden Sie sich mit einem Konto an, das Zugriff hat; ein Administrator kann ihn erteilen.',
    switchPassword: 'Geben Sie den Benutzernamen und das Passwort von {expected} ein.',
    loginAtServer: '{login} auf {server}',
    anotherAccount: 'ein anderes Konto',
  },

  admin: {
    heading: 'Für einen Administrator Ihrer Organisation',
    handOver:
      'Schicken Sie diesen Link an einen Administrator. Er öffnet eine Seite, die sagt, was die App lesen darf; ein Konto hier ist dafür nicht nötig:',
    link: 'Link für den Administrator',
    write: 'Dem Administrator schreiben',
    subject: 'Bitte {product} für unsere Postfächer genehmigen',
    body: 'Guten Tag,\n\n{tenant} möchte mein Postfach verbinden, und unsere Organisation muss die App zuerst genehmigen. Auf dieser Seite steht, was sie lesen darf:\n\n{url}\n\nVielen Dank!',
    isMe: 'Ich bin selbst Administrator',
    wait: 'Öffnen Sie nach der Genehmigung wieder diese Seite und melden Sie sich an. Der Link gilt bis {when}.',
    thanks: {
      title: 'Vielen Dank',
      sentence:
        'Bitte sagen Sie der Person, die Ihnen den Link geschickt hat, dass sie sich wieder anmelden kann; dann ist das Konto verbunden. Sie können diese Seite schließen.',
    },
    refused: {
      title: 'Die App ist nicht erlaubt',
      sentence:
        'Es wurde nichts geändert. Das Konto bleibt unverbunden, bis ein Administrator die App genehmigt; dafür lässt sich derselbe Link wieder öffnen.',
    },
  },

  over: {
    unknown: {
      title: 'Diesen Link kennen wir nicht',
      sentence:
        'Bitte prüfen Sie, ob die Adresse vollständig kopiert wurde. Kam der Link per E-Mail, öffnen Sie ihn dort noch einmal oder bitten Sie um einen neuen.',
    },
    used: {
      title: 'Dieser Link wurde schon benutzt',
      sentence:
        'Ein Link gilt für eine einzige Anmeldung, und die ist erledigt. Wenn noch etwas nicht geht, bitten Sie um einen neuen Link.',
    },
    usedBroken: {
      title: 'Dieser Link wurde schon benutzt',
      sentence:
        'Er hat einmal gewirkt, doch {account} braucht inzwischen eine neue Anmeldung. Dafür brauchen Sie einen neuen Link.',
    },
    expired: {
      title: 'Dieser Link ist abgelaufen',
      sentence:
        'Aus Sicherheitsgründen gelten Links nur begrenzte Zeit. Es wurde nichts geändert, und nichts ist verloren.',
    },
    repaired: {
      title: 'Es ist nichts mehr zu tun',
      sentence: '{account} ist wieder mit {tenant} verbunden. Diesen Link brauchen Sie nicht mehr.',
    },
    disconnected: {
      title: 'Dieses Konto wurde getrennt',
      sentence:
        'Die Verbindung von {account} wurde beendet, eine Anmeldung ist nicht mehr nötig. Um es wieder zu verbinden, bitten Sie {tenant} um einen neuen Link.',
    },
    renew: 'Neuen Link anfordern',
    renewing: 'Ein neuer Link wird angefordert …',
    renewed: {
      title: 'Bitte sehen Sie in Ihre E-Mails',
      sentence:
        'Wenn der Link Ihrer war, ist ein neuer unterwegs. Das kann einige Minuten dauern; bitte sehen Sie auch im Spam-Ordner nach.',
    },
    orAsk: 'Oder bitten Sie {tenant} um einen neuen Link; er bewirkt dasselbe.',
  },

  done: {
    heading: 'Verbunden',
    first: '{account} ist mit {tenant} verbunden.',
    again: '{account} ist wieder mit {tenant} verbunden.',
    fromNowOn: 'Nachrichten, die ab jetzt eintreffen, erscheinen dort.',
    looking: 'Verpasste Nachrichten werden gesucht …',
    soFar: { one: '{count} verpasste Nachricht ist schon da', other: '{count} verpasste Nachrichten sind schon da' },
    ofAbout: {
      one: '{count} von etwa {total} verpassten Nachrichten ist da',
      other: '{count} von etwa {total} verpassten Nachrichten sind da',
    },
    fetched: {
      one: '{count} verpasste Nachricht wurde nachgeholt.',
      other: '{count} verpasste Nachrichten wurden nachgeholt.',
    },
    earlier: { one: '{count} frühere Nachricht ist da.', other: '{count} frühere Nachrichten sind da.' },
    none: 'Es wurde keine Nachricht verpasst.',
    checked: 'Mit dem Postfach verglichen: Es fehlt nichts.',
    skipped: {
      one: '{count} wurde ausgelassen: inzwischen gelöscht, oder in Spam, Papierkorb oder Entwürfen.',
      other: '{count} wurden ausgelassen: inzwischen gelöscht, oder in Spam, Papierkorb oder Entwürfen.',
    },
    missing: {
      one: '{count} Nachricht ließ sich noch nicht holen.',
      other: '{count} Nachrichten ließen sich noch nicht holen.',
    },
    stalled: 'Noch ließ sich nicht alles holen; es wird von selbst wieder versucht.',
    cancelled: 'Das Nachholen wurde angehalten. Das Konto bleibt verbunden.',
    progress: 'Verpasste Nachrichten',
    silent:
      '{title}. Was noch fehlt, wird trotzdem nachgeholt; diese Seite zeigt es, sobald die Verbindung wieder da ist.',
    goesOn: 'Das geht von selbst weiter, auch wenn Sie diese Seite schließen.',
    jobDone: 'Der Link hat seinen Dienst getan und lässt sich nicht noch einmal benutzen.',
    changedHeading: 'Zugang geändert',
    changed: '{tenant} erreicht {account} jetzt über {access}. Verlauf und Einstellungen sind wie zuvor.',
    comparing: 'Die Nachrichten werden verglichen …',
    known: {
      one: '{count} Nachricht war schon da und kam nicht doppelt.',
      other: '{count} Nachrichten waren schon da; keine kam doppelt.',
    },
  },
};
