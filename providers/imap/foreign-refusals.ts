import type { RefusalRule } from './refusal-rule.ts';

/**
 * The same refusals in German, French, Spanish and Italian, as webmail products and hosters translate them: limits and
 * outages first, then what an owner or administrator has switched off, then the credential. Accents are optional,
 * because servers drop them or send them in a charset that is lost on the way.
 */
export const FOREIGN_RULES: readonly RefusalRule[] = [
  {
    kind: 'rate_limited',
    reason: 'rate_limited',
    pattern:
      /zu viele (\w+ )?(verbindung|anmelde|anfrage|versuch|fehl)|trop de (connexions|tentatives|requ[^ ]{1,3}tes|sessions)|demasiad[ao]s (conexiones|intentos|solicitudes|sesiones)|tropp[eio] (connessioni|tentativi|richieste|sessioni)/i,
  },
  {
    kind: 'transient',
    reason: 'provider_unavailable',
    pattern:
      /vor.{1,2}bergehend|(derzeit|zurzeit|momentan) nicht (erreichbar|verf.{1,2}gbar)|nicht erreichbar|wartungsarbeiten|interner? (server)?fehler|(konto|account|benutzer|postfach) (ist |wurde )?gesperrt|temporairement|(service|serveur) indisponible|erreur interne|(compte|utilisateur) (est |a .t. )?(bloqu|verrouill)|r.{1,2}essayez plus tard|temporalmente|(servicio|servidor) no disponible|error interno|(cuenta|usuario) (est. |ha sido )?bloquead|int.{1,2}ntelo (de nuevo )?m.{1,2}s tarde|temporaneamente|(servizio|server) non disponibile|errore interno|(account|utente|casella) (. |.{1,2} stat[oa] )?bloccat|riprova(re)? pi.{1,2} tardi/i,
  },
  {
    kind: 'admin_action',
    reason: 'admin_policy_enforced',
    pattern:
      /(imap|pop3?)[\s-]?(zugriff|zugang|dienst|abruf)?\s?(ist |wurde )?(nicht (aktiviert|freigeschaltet|erlaubt|zugelassen)|deaktiviert|gesperrt|abgeschaltet)|(acc.{1,2}s|protocole|service) (imap|pop3?) (est |a .{1,3}t.{1,2} |n'est pas )?(d.{1,2}sactiv|refus|bloqu|interdit|activ|autoris)|(acceso|protocolo|servicio) (imap|pop3?) (est.{1,2} |ha sido |no est.{1,2} )?(deshabilitad|desactivad|bloquead|habilitad|activad|permitid)|(accesso|protocollo|servizio) (imap|pop3?) (.{1,2} |.{1,2} stato |non .{1,2} )?(disabilitat|disattivat|bloccat|abilitat|attiv|consentit)/i,
  },
  {
    kind: 'reauth_required',
    reason: 'password_changed',
    pattern:
      /(passwort|kennwort|benutzername|zugangsdaten|anmeldedaten).{0,40}(falsch|ung.{1,2}ltig|inkorrekt|nicht korrekt|abgelaufen|stimm)|(falsche[sr]?|ung.{1,2}ltige[sr]?) (passwort|kennwort|benutzername|zugangsdaten|anmeldedaten)|(mot de passe|identifiants?).{0,40}(incorrect|invalide|erron|expir)|(contrase.{1,2}a|usuario|credenciales).{0,40}(incorrect|inv.{1,2}lid|no v.{1,2}lid|err.{1,2}ne|caducad)|(password|credenziali|nome utente|utente).{0,40}(errat|non valid|scadut|non corrett)/i,
  },
  {
    // A bare refusal, as in English: a wrong password, a locked account, IMAP switched off, all alike.
    kind: 'reauth_required',
    reason: 'password_changed',
    pattern:
      /(anmeldung|authentifizierung|login) (ist )?(fehlgeschlagen|verweigert|abgelehnt)|.{0,2}chec (de (l'|la )?|d')?(authentification|connexion|identification)|(authentification|connexion) (a .{1,2}chou|refus)|(error|fallo) (de|en la) autenticaci|autenticaci.{1,2}n (fallida|incorrecta|err)|(autenticazione|accesso|login) (fallit|non riuscit|negat)/i,
    vague: true,
    login: true,
  },
];
