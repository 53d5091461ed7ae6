import type { MailWords } from './mail-words.ts';

const messages = (count: number) => (count === 1 ? '1 mensaje' : `${count.toLocaleString('es-ES')} mensajes`);

export const es: MailWords = {
  betweenSentences: ' ',
  party: (name) =>
    name === null
      ? { subject: 'El servidor de correo', at: 'en el servidor de correo' }
      : { subject: name, at: `en ${name}` },
  greeting: ({ name }) => `Hola, ${name}:`,
  occasions: {
    sign_in: {
      subject: ({ tenant, mailbox }) => `${tenant}: vuelva a iniciar sesión para ${mailbox}`,
      title: () => 'Vuelva a iniciar sesión',
      lead: ({ tenant, mailbox }) => `${tenant} ha perdido la conexión con el buzón ${mailbox}.`,
    },
    change_access: {
      subject: ({ tenant, mailbox }) => `${tenant}: cambie la forma de acceso a ${mailbox}`,
      title: () => 'Cambie la forma de acceso',
      lead: ({ tenant, mailbox }) => `${tenant} ya no puede acceder al buzón ${mailbox} como hasta ahora.`,
    },
    change_link: {
      subject: ({ tenant, mailbox }) => `${tenant}: su nuevo enlace para ${mailbox}`,
      title: () => 'Aquí tiene su nuevo enlace',
      lead: ({ tenant, mailbox }) =>
        `Con este enlace puede cambiar la forma en que el buzón ${mailbox} está conectado con ${tenant}. El enlace anterior ya no sirve.`,
    },
    unreachable: {
      subject: ({ tenant, mailbox }) => `${tenant}: ya no se puede abrir ${mailbox}`,
      title: () => 'Ya no se puede abrir un buzón',
      lead: ({ tenant, mailbox }) =>
        `${tenant} ya no puede abrir el buzón ${mailbox}, y volver a iniciar sesión no lo resolvería.`,
    },
    approve: {
      subject: ({ tenant, mailbox }) => `${tenant}: un administrador debe aprobar ${mailbox}`,
      title: () => 'Hace falta una aprobación',
      lead: ({ tenant, mailbox }) =>
        `${tenant} solo puede conectarse al buzón ${mailbox} cuando un administrador de su organización lo apruebe.`,
    },
    reminder: {
      subject: ({ tenant, mailbox }) => `Recordatorio de ${tenant}: ${mailbox} sigue sin conexión`,
      title: () => 'Sigue sin conexión',
      lead: ({ tenant, mailbox }) => `${tenant} sigue sin conexión con el buzón ${mailbox}.`,
    },
    recovered: {
      subject: ({ tenant, mailbox }) => `${tenant}: ${mailbox} vuelve a estar conectado`,
      title: () => 'Conectado de nuevo',
      lead: ({ tenant, mailbox }) => `El buzón ${mailbox} vuelve a estar conectado con ${tenant}.`,
    },
    expiring: {
      subject: ({ tenant, mailbox }) => `${tenant}: el acceso a ${mailbox} caduca pronto`,
      title: () => 'El acceso caduca pronto',
      lead: ({ tenant, mailbox, until }) => `El acceso de ${tenant} al buzón ${mailbox} caduca el ${until}.`,
    },
    digest: {
      subject: ({ tenant, count }) => `${tenant}: ${count} buzones necesitan que inicie sesión`,
      title: ({ count }) => `${count} buzones le necesitan`,
      lead: ({ tenant, count }) =>
        `${tenant} ha perdido la conexión con ${count} buzones. Cada uno necesita su propio inicio de sesión.`,
    },
    new_link: {
      subject: ({ tenant, mailbox }) => `${tenant}: su nuevo enlace para ${mailbox}`,
      title: () => 'Aquí tiene su nuevo enlace',
      lead: ({ tenant, mailbox }) =>
        `Con este enlace puede volver a conectar el buzón ${mailbox} con ${tenant}. El enlace anterior ya no sirve.`,
    },
    connect_link: {
      subject: ({ tenant }) => `${tenant}: su nuevo enlace para conectar un buzón`,
      title: () => 'Aquí tiene su nuevo enlace',
      lead: ({ tenant }) => `Con este enlace puede conectar su buzón con ${tenant}. El enlace anterior ha caducado.`,
    },
  },
  reasons: {
    password_changed: ({ provider, login }) =>
      `${provider.subject} ya no acepta el inicio de sesión de ${login} porque ha cambiado la contraseña.`,
    access_revoked: ({ provider }) => `Se ha retirado el acceso ${provider.at}.`,
    session_revoked: ({ provider, login }) =>
      `Se han cerrado todas las sesiones de ${login} ${provider.at}, y con ellas este acceso.`,
    token_idle_expired: ({ provider }) =>
      `El acceso ha estado demasiado tiempo sin usarse y ha caducado ${provider.at}.`,
    refresh_token_expired: ({ provider }) =>
      `El acceso ha caducado. ${provider.subject} pide de vez en cuando un nuevo inicio de sesión.`,
    mfa_required: ({ provider, login }) =>
      `${provider.subject} pide que ${login} confirme el inicio de sesión con un segundo factor.`,
    conditional_access: ({ provider }) =>
      `Una política de inicio de sesión de su organización ${provider.at} ha puesto fin al acceso.`,
    admin_consent_required: ({ provider }) =>
      `${provider.subject} pide que un administrador de su organización apruebe la aplicación.`,
    admin_policy_enforced: ({ provider }) => `Una política de su organización ${provider.at} no permite la aplicación.`,
    insufficient_scope: ({ provider }) =>
      `Falta un permiso ${provider.at}: quedó una casilla sin marcar o el permiso se retiró después.`,
    account_disabled: ({ provider, login }) =>
      `${provider.subject} indica que la cuenta ${login} está desactivada o eliminada.`,
    mailbox_unavailable: ({ provider, login }) =>
      `${provider.subject} acepta el inicio de sesión, pero el buzón de ${login} no se puede abrir.`,
    subscription_renewal_failed: ({ provider }) => `${provider.subject} ya no avisa de los mensajes nuevos.`,
    app_credentials_invalid: ({ provider }) => `${provider.subject} no acepta la aplicación en este momento.`,
    refresh_outcome_unknown: ({ provider }) =>
      `La conexión se cortó mientras se renovaba el acceso ${provider.at}. Usted no ha hecho nada mal.`,
    provider_unavailable: ({ provider }) => `${provider.subject} no responde bien en este momento.`,
    rate_limited: ({ provider }) => `${provider.subject} pide menos solicitudes.`,
    network: ({ provider }) => `${provider.subject} no está accesible en este momento.`,
  },
  ambiguous: {
    grant: ({ provider }) =>
      `${provider.subject} ha puesto fin al acceso: o ha cambiado la contraseña, o se ha retirado el acceso.`,
    password: ({ provider, login }) =>
      `${provider.subject} ya no acepta la contraseña de ${login}. Probablemente ha cambiado, o la cuenta está bloqueada.`,
  },
  withoutReason: ({ provider }) => `${provider.subject} ha rechazado la conexión sin dar un motivo.`,
  ends: {
    refresh_token_expired: ({ provider }) => `${provider.subject} pide de vez en cuando un nuevo inicio de sesión.`,
    token_idle_expired: ({ provider }) =>
      `${provider.subject} da por caducado un acceso que no se usa durante mucho tiempo.`,
  },
  labels: { why: 'Motivo', since: 'Desde', interrupted: 'Interrupción', until: 'Caduca' },
  fromTo: ({ from, to }) => `${from} – ${to}`,
  tasks: {
    sign_in_grant: ({ provider, login }) =>
      `Abra la página e inicie sesión ${provider.at} como ${login}. Tardará alrededor de un minuto.`,
    sign_in_shared: ({ provider, mailbox }) =>
      `Abra la página e inicie sesión ${provider.at} con su propia cuenta, que debe tener acceso a ${mailbox}. Tardará alrededor de un minuto.`,
    sign_in_password: ({ login }) =>
      `Abra la página e introduzca la contraseña actual de ${login}. Tardará alrededor de un minuto.`,
    change_access: ({ login }) =>
      `Abra la página y elija cómo se accede a ${login} a partir de ahora. El historial y los ajustes se conservan. Tardará alrededor de un minuto.`,
    approve: ({ provider }) =>
      `Abra la página, revise lo que se pide y apruébelo ${provider.at}. Necesita allí derechos de administrador; si no los tiene, muestre este correo a su departamento de informática.`,
    ask_to_allow: ({ provider, login }) =>
      `Pida al administrador de ${login} ${provider.at} que permita el acceso: un ajuste o una política impide allí que las aplicaciones o los programas de correo (IMAP) abran el buzón.`,
    ask_administrator: ({ provider, login }) =>
      `Pregunte al administrador de ${login} ${provider.at} si la cuenta todavía existe.`,
  },
  buttons: {
    sign_in: 'Iniciar sesión',
    approve: 'Revisar y aprobar',
    renew: 'Renovar el acceso',
    change_access: 'Cambiar el acceso',
    connect: 'Conectar',
  },
  buttonFor: ({ button, mailbox }) => `${button}: ${mailbox}`,
  safety: ({ host }) => `El enlace lleva a ${host}. No envíe nunca una contraseña por correo.`,
  fallback: 'Si el botón no funciona, copie esta dirección en su navegador:',
  outlook: {
    imports:
      'No se pierde nada: los mensajes nuevos esperan en el buzón y se recuperan en cuanto haya iniciado sesión.',
    importsMissed: ({ count }) =>
      count === 1
        ? 'No se pierde nada: 1 mensaje espera en el buzón y se recuperará en cuanto haya iniciado sesión.'
        : `No se pierde nada: ${messages(count)} esperan en el buzón y se recuperarán en cuanto haya iniciado sesión.`,
    works: ({ tenant }) => `En cuanto haya iniciado sesión, ${tenant} podrá volver a usar el buzón.`,
    approved:
      'Tras la aprobación, la conexión se establece sola. Hasta entonces, los mensajes nuevos esperan en el buzón.',
    triedAgain: 'La conexión se vuelve a intentar cada hora y se recupera sola en cuanto la cuenta funcione.',
    renewed: 'Si inicia sesión antes de esa fecha, no se interrumpe nada.',
    recovering: 'Se están recuperando los mensajes que llegaron mientras tanto.',
    recoveredMissed: ({ count }) =>
      count === 1
        ? 'Se ha recuperado 1 mensaje que llegó mientras tanto.'
        : `Se han recuperado ${messages(count)} que llegaron mientras tanto.`,
    nothingToDo: 'No tiene que hacer nada.',
    ignore: 'Si no ha pedido ningún enlace, ignore este correo. No cambia nada.',
  },
  several: 'estos buzones',
  whys: {
    owner: ({ tenant, about }) => `Recibe este correo porque es responsable de ${about} en ${tenant}.`,
    admin: ({ tenant, about }) => `Recibe este correo como administrador de ${tenant}, en relación con ${about}.`,
    owner_silent: ({ tenant, about }) =>
      `Recibe este correo como administrador de ${tenant} porque la persona responsable de ${about} todavía no ha iniciado sesión.`,
    owner_left: ({ tenant, about }) =>
      `Recibe este correo como administrador de ${tenant} porque no se puede contactar con ninguna persona responsable de ${about}.`,
    owner_unsubscribed: ({ tenant, about }) =>
      `Recibe este correo como administrador de ${tenant} porque la persona responsable de ${about} no desea recibir correos al respecto.`,
    asked: ({ tenant }) =>
      `Recibe este correo porque se pidió un enlace nuevo en una página de ${tenant} cuyo enlace se le había enviado.`,
  },
  stop: ({ about }) => `No recibir más correos sobre ${about}`,
  stopMeans: 'Se avisará entonces a un administrador en su lugar.',
  sentBy: ({ product, tenant }) => `Enviado por ${product} para ${tenant}`,
  support: 'Ayuda',
  privacy: 'Privacidad',
};
