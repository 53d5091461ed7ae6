import type { ConnectWords } from '../shape.ts';

export const failures: ConnectWords['failures'] = {
  authentication_failed: {
    title: 'Das Passwort wurde abgelehnt',
    sentence:
      'Der Mailserver nimmt diesen Benutzernamen und dieses Passwort nicht an. Viele Anbieter verlangen hier ein App-Passwort statt des gewohnten.',
  },
  dns_failed: {
    title: 'Diesen Server gibt es nicht',
    sentence: 'Es gibt keinen Mailserver mit diesem Namen. Bitte prüfen Sie die Schreibweise.',
  },
  server_not_found: {
    title: 'Welcher Mailserver ist es?',
    sentence:
      'Zu dieser Adresse wurde kein Mailserver gefunden. Bitte tragen Sie seinen Namen ein, etwa imap.example.com. Der Anbieter nennt ihn in seiner Hilfe „IMAP-Server“ oder „Posteingangsserver“; er steht auch in den Kontoeinstellungen Ihres Mailprogramms.',
  },
  account_disabled: {
    title: 'Das Konto ist deaktiviert',
    sentence: '{provider} meldet, dass dieses Konto deaktiviert ist. Bitte wenden Sie sich an Ihren Administrator.',
  },
  admin_consent_required: {
    title: 'Ein Administrator muss es zuerst genehmigen',
    sentence:
      '{provider} meldet, dass Ihre Organisation über Apps entscheidet, die Nachrichten lesen. Schicken Sie den Link unten an einen Administrator, und melden Sie sich nach der Genehmigung wieder an.',
  },
  connection_refused: {
    title: 'Der Server antwortet nicht',
    sentence: 'Es gibt den Server, aber er antwortet auf diesem Port nicht. Bitte prüfen Sie Server und Port.',
  },
  timeout: {
    title: 'Der Server antwortet nicht',
    sentence:
      'Der Server hat nicht rechtzeitig geantwortet. Bitte prüfen Sie Server und Port oder versuchen Sie es noch einmal.',
  },
  tls_untrusted: {
    title: 'Dem Server ist nicht zu trauen',
    sentence:
      'Das Zertifikat des Servers gilt nicht für diesen Namen, deshalb wurde nichts an ihn gesendet. Bitte prüfen Sie den Namen.',
  },
  starttls_missing: {
    title: 'Keine Verschlüsselung',
    sentence:
      'Der Server bietet auf diesem Port keine Verschlüsselung an, deshalb wurde kein Passwort gesendet. Versuchen Sie „TLS“ mit Port 993.',
  },
  wrong_protocol: {
    title: 'Das ist kein IMAP-Server',
    sentence:
      'Auf diesem Port antwortet etwas anderes, etwa der Server für ausgehende Post, deshalb wurde kein Passwort gesendet. IMAP hat meist Port 993 mit TLS oder 143 mit STARTTLS.',
  },
  wrong_security: {
    title: 'Die andere Verschlüsselung',
    sentence:
      'Der Server nutzt auf diesem Port die andere Art der Verschlüsselung, deshalb wurde kein Passwort gesendet. TLS gehört meist zu Port 993, STARTTLS zu 143.',
  },
  tls_failed: {
    title: 'Keine Verschlüsselung auf diesem Port',
    sentence:
      'Der Server spricht auf diesem Port diese Verschlüsselung nicht, deshalb wurde kein Passwort gesendet. TLS gehört meist zu Port 993, STARTTLS zu 143.',
  },
  connection_lost: {
    title: 'Der Server hat aufgelegt',
    sentence:
      'Der Server hat die Verbindung mittendrin beendet. Bitte prüfen Sie Server und Port oder versuchen Sie es noch einmal.',
  },
  unreachable: {
    title: 'Der Server ist nicht erreichbar',
    sentence: 'Zu diesem Server führt von hier kein Weg. Bitte prüfen Sie den Namen.',
  },
  network: {
    title: 'Der Server ist nicht erreichbar',
    sentence:
      'Die Verbindung zum Server ist gescheitert. Bitte prüfen Sie Server und Port oder versuchen Sie es noch einmal.',
  },
  egress_denied: {
    title: 'Von hier aus nicht erlaubt',
    sentence:
      'Zu diesem Server darf von hier keine Verbindung aufgebaut werden. Bitte fragen Sie den Absender des Links.',
  },
  mailbox_unavailable: {
    title: 'Das Postfach lässt sich nicht öffnen',
    sentence:
      'Die Anmeldung hat geklappt, aber das Postfach lässt sich nicht öffnen. Vielleicht ist der Zugriff für E-Mail-Programme in seinen Einstellungen oder von einem Administrator abgeschaltet.',
  },
  web_sign_in_required: {
    title: '{provider} will Sie zuerst sehen',
    sentence:
      '{provider} öffnet das Postfach erst, wenn Sie sich auf der eigenen Seite angemeldet und bestätigt haben, dass Sie es sind. Kommen Sie dann zurück und versuchen Sie es noch einmal.',
  },
  no_refresh_token: {
    title: 'Kein dauerhafter Zugriff',
    sentence:
      '{provider} hat Sie angemeldet, aber keinen dauerhaften Zugriff gegeben. Bitte versuchen Sie es noch einmal und stimmen Sie dem Zugriff zu.',
  },
  access_denied: {
    title: 'Der Zugriff wurde nicht erlaubt',
    sentence: 'Sie oder {provider} haben abgelehnt. Es wurde nichts geändert; Sie können es noch einmal versuchen.',
  },
  scope_missing: {
    title: 'Es fehlten Häkchen',
    sentence:
      '{provider} hat nach Berechtigungen gefragt, und eine nötige wurde ausgelassen. Bitte versuchen Sie es noch einmal und setzen Sie alle Häkchen.',
  },
  state_invalid: {
    title: 'Diese Anmeldung war veraltet',
    sentence:
      'Die Anmeldung wurde in einem anderen Browser oder vor zu langer Zeit begonnen. Bitte beginnen Sie hier neu.',
  },
  access_type_not_allowed: {
    title: 'Hier nicht erlaubt',
    sentence: 'Diese Art von Zugang ist für dieses Konto nicht erlaubt. Bitte fragen Sie den Absender des Links.',
  },
  provider_error: {
    title: 'Ein Problem {at}',
    sentence:
      '{provider} konnte die Anmeldung nicht abschließen. Es wurde nichts geändert; bitte versuchen Sie es in einer Minute noch einmal.',
  },
  attestation_required: {
    title: 'Ist es dasselbe Postfach?',
    sentence:
      'Von diesem Postfach ist zu wenig bekannt, um zu sagen, ob es auf dem neuen Server dasselbe ist. Es wurde nichts geändert. Bitte fragen Sie den Absender des Links.',
  },
  account_connected: {
    title: 'Schon verbunden',
    sentence: 'Dieses Konto auf diesem Server hat eine eigene Verbindung. Es wurde nichts geändert.',
  },
  link_used: {
    title: 'Dieser Link wurde schon benutzt',
    sentence: 'Ein Link gilt für eine einzige Anmeldung, und die ist erledigt.',
  },
  link_expired: {
    title: 'Dieser Link ist abgelaufen',
    sentence: 'Links gelten nur eine begrenzte Zeit, und diese ist vorbei.',
  },
  mooring_unreachable: {
    title: '{product} antwortet nicht',
    sentence: 'Es kam keine Antwort. Bitte versuchen Sie es gleich noch einmal; es geschieht nichts doppelt.',
  },
  offline: {
    title: 'Sie sind offline',
    sentence: 'Bitte versuchen Sie es noch einmal, sobald dieses Gerät ein Netz hat; es geschieht nichts doppelt.',
  },
};
