import { failures } from './failures/es.ts';
import type { ConnectWords } from './shape.ts';

export const words: ConnectWords = {
  providers: {
    imap: { name: 'el servidor de correo', at: 'en el servidor de correo' },
    exchange: { name: 'el servidor Exchange', at: 'en el servidor Exchange' },
  },
  atProvider: 'en {provider}',
  space: ' ',
  or: 'o',

  page: {
    language: 'Idioma',
    help: 'Ayuda',
    privacy: 'Privacidad',
    opening: 'Abriendo el enlace…',
    closePage: 'Puede cerrar esta página.',
    tryAgain: 'Volver a intentarlo',
    copy: 'Copiar {what}',
    copied: 'Copiado',
    errorCode: 'código de error',
    asksAgain: '{title}. Esta página vuelve a intentarlo por sí sola.',
    wentWrong: 'Algo ha fallado en esta página. Vuelva a cargarla.',
  },
  silence: { offline: 'No tiene conexión', mooring_unreachable: '{product} no responde' },

  connect: {
    heading: 'Conecte su cuenta',
    asks: '{tenant} le pide que conecte su buzón, para que sus mensajes estén también allí.',
    asksAccess: '{tenant} le pide acceso a su cuenta.',
    endAnyTime: 'Puede ponerle fin en cualquier momento.',
  },
  again: {
    heading: 'Vuelva a iniciar sesión: {account}',
    sharedHeading: 'Vuelva a iniciar sesión para {account}',
    moveHeading: 'Cambiar la forma de acceso: {account}',
    healthyTitle: 'Esta cuenta está conectada',
    healthy: 'Ahora mismo no hay que hacer nada. Si aun así quiere renovar el acceso, inicie sesión aquí abajo.',
    keeps: '{tenant} conserva su acceso.',
    since: 'Desde el {when} no llegan mensajes nuevos a {tenant}.',
    thenFetched: 'Cuando inicie sesión, se recuperarán para {tenant} los mensajes que faltan; no se pierde nada.',
    thenUsed: 'Después, {tenant} podrá volver a usarla.',
  },
  causes: {
    access_ended:
      '{provider} ha puesto fin a nuestro acceso: la contraseña ha cambiado o alguien ha retirado el acceso.',
    password_refused: '{provider} ya no acepta la contraseña de {login}; probablemente se ha cambiado.',
    password_changed: '{provider} ya no acepta nuestro inicio de sesión, porque la contraseña de {login} ha cambiado.',
    access_revoked: 'El acceso se ha retirado {at}.',
    session_revoked: 'Se han cerrado todas las sesiones de {login} {at}, y con ellas nuestro acceso.',
    token_idle_expired: 'El acceso no se ha usado durante mucho tiempo, así que {provider} lo ha dejado caducar.',
    refresh_token_expired: 'El acceso ha caducado: {provider} pide un nuevo inicio de sesión de vez en cuando.',
    mfa_required: '{provider} pide que confirme el inicio de sesión con un segundo factor.',
    conditional_access: 'Una regla de inicio de sesión de su organización {at} ha puesto fin al acceso.',
    admin_consent_required: '{provider} pide que un administrador de su organización apruebe la aplicación.',
    admin_policy_enforced: 'Una regla de su organización {at} no permite la aplicación.',
    insufficient_scope: 'Falta un permiso {at}: una casilla quedó sin marcar o el permiso se retiró.',
    account_disabled: '{provider} indica que la cuenta {login} está desactivada.',
    mailbox_unavailable: '{provider} acepta el inicio de sesión, pero el buzón de {login} no se puede abrir.',
    subscription_renewal_failed: '{provider} no nos avisa de los mensajes nuevos en este momento.',
    app_credentials_invalid: '{provider} no acepta nuestra aplicación en este momento. No depende de usted.',
    refresh_outcome_unknown: 'Una renovación del acceso se interrumpió {at}. Usted no ha hecho nada mal.',
    provider_unavailable: '{provider} no responde bien en este momento.',
    rate_limited: '{provider} nos ha pedido ir más despacio.',
    network: 'No se puede llegar a {provider} en este momento.',
  },

  steps: {
    title: 'Qué va a pasar',
    signIn: 'Usted inicia sesión {at}. Nosotros nunca vemos su contraseña.',
    signInAs: 'Usted inicia sesión {at} como {account}. Nosotros nunca vemos su contraseña.',
    signInOwn:
      'Usted inicia sesión {at} con su propia cuenta, que debe tener acceso a {mailbox}. Nosotros nunca vemos su contraseña.',
    allowRead: 'Permite que {product} lea los mensajes.',
    allowSend: 'Permite que {product} lea los mensajes y los envíe en su nombre.',
    enterPassword: 'Introduce la contraseña. Se comprueba con un inicio de sesión real antes de guardar nada.',
    canSend: '{tenant} podrá leer los mensajes y enviar correo en su nombre.',
    fromNowOn: 'Los mensajes que lleguen a partir de entonces aparecerán en {tenant}.',
    canUse: '{tenant} podrá usar la cuenta a partir de entonces.',
    missed: 'Aquí ve cómo llegan los mensajes que faltan. Eso es todo.',
    canUseAgain: '{tenant} podrá volver a usar la cuenta. Eso es todo.',
    sameAccount: 'Se comprueba que es la misma cuenta. Si no lo es, no se cambia nada.',
    stays:
      'La cuenta sigue en {tenant}, con su historial y sus ajustes. Se recupera lo que pueda faltar, y nada llega dos veces.',
    staysUsed: 'La cuenta sigue en {tenant}, con sus ajustes.',
    wayBack: 'Durante una hora, {tenant} puede volver al acceso anterior; después se elimina.',
  },

  change: {
    today: '{tenant} accede a esta cuenta por {access}.',
    which: '¿Cómo se accederá a ella a partir de ahora?',
    sameKind: 'Con otros datos de acceso o en otro servidor',
    another: 'Elegir otra forma',
    moved: '¿Se ha trasladado la cuenta?',
    movedHint:
      'Si ahora se accede a ella de otra forma, puede cambiarlo aquí; el historial y los ajustes se conservan.',
    before: 'Iniciar sesión como antes',
    onlySame: 'La forma de acceso solo se puede cambiar para la misma cuenta.',
    notThere: 'Allí no se han encontrado los mensajes de esta cuenta.',
  },

  choice: {
    whichAccount: '¿Qué tipo de cuenta es?',
    hints: {
      gmail: 'Gmail y Google Workspace; se inicia sesión en Google',
      microsoft: 'Microsoft 365 y Outlook.com; se inicia sesión en Microsoft',
      exchange: 'Servidor Exchange de su organización',
      imap: 'Cualquier otro buzón, por IMAP',
      salesforce: 'Salesforce; se inicia sesión en Salesforce',
    },
    noneOffered: 'Este enlace no permite ningún tipo de cuenta. Pregunte a quien se lo envió.',
    continueWith: 'Continuar con {provider}',
    leaving: 'Abriendo {provider}…',
    signInAs: 'Iniciar sesión como {account}',
    login: {
      where: 'Dónde inicia sesión',
      asBefore: 'Donde esta cuenta inició sesión antes',
      places: {
        production: 'Producción, o una organización para desarrolladores',
        sandbox: 'Sandbox',
        domain: 'Su organización',
      },
      own: 'Una dirección propia de su organización (My Domain)',
      address: 'Dirección de su organización',
      wrong: 'En esta dirección no se puede iniciar sesión. Tiene el aspecto de {example}.',
    },
  },

  form: {
    username: 'Correo electrónico o nombre de usuario',
    password: 'Contraseña',
    showPassword: 'Mostrar la contraseña',
    hidePassword: 'Ocultar la contraseña',
    notes: {
      app_password:
        '{name} pide aquí una contraseña de aplicación, que se crea en la configuración de seguridad de la cuenta.',
      switch_on: 'Primero hay que activar IMAP en la configuración de {name}.',
      own_password: '{name} pide aquí su contraseña específica de correo.',
      no_password: '{name} ya no acepta contraseñas aquí; elija otro tipo de cuenta, si se ofrece.',
    },
    serverSettings: 'Configuración del servidor',
    foundByAddress: 'se encuentra por su dirección',
    toBeEntered: 'por introducir',
    imapServer: 'Servidor IMAP',
    smtpServer: 'Servidor SMTP',
    smtpFailed: 'Servidor de envío: {sentence}',
    serverAddress: 'Dirección del servidor',
    serverAddressEmpty: 'Si se deja vacío, se busca por su dirección de correo.',
    basic: {
      title: '¿La contraseña es correcta?',
      sentence:
        'Entonces la causa puede ser un proxy situado delante de Exchange. El servidor admite también un inicio de sesión más sencillo (Basic): se envía la propia contraseña, cifrada por el camino.',
      tryIt: 'Reintentar con Basic',
    },
    encryption: 'Cifrado',
    byPort: 'Según el puerto',
    port: 'Puerto',
    sandbox: '¿Un buzón de pruebas? Sus cuentas y su servidor están en {page}.',
    sandboxPage: 'la página del entorno de pruebas',
    testing: 'Comprobando el inicio de sesión…',
    connect: 'Conectar',
    signIn: 'Iniciar sesión',
    safe: 'La contraseña se guarda de modo que solo la recogida de mensajes puede abrirla.',
    check: 'Revise lo que ha introducido',
    fields: {
      username: 'Introduzca el nombre de usuario, normalmente la dirección de correo; 320 caracteres como máximo.',
      password: 'Introduzca la contraseña; 2000 caracteres como máximo.',
      host: 'Introduzca solo el nombre del servidor, por ejemplo imap.example.com: sin «https://», sin ruta, y el puerto en su propio campo.',
      port: 'El puerto es un número entero de 1 a 65535; los servidores de correo usan 993 (TLS) o 143 (STARTTLS).',
      security: 'Elija TLS o STARTTLS.',
    },
  },

  failures,
  failed: {
    openPage: 'Abrir la página de {provider}',
    unknown: { title: 'No ha funcionado', sentence: 'No se sabe el motivo. Vuelva a intentarlo en un momento.' },
    nothingStored: 'No se ha guardado nada.',
  },
  mismatch: {
    title: 'Era otra cuenta',
    signedInAs: 'Ha iniciado sesión como',
    linkIsFor: 'Este enlace es para',
    nothingChanged: 'No se ha cambiado nada.',
    switchAt: 'Pulse el botón y elija la cuenta {expected} {at}. Si no aparece, elija «Usar otra cuenta».',
    switchLogin:
      '{received} no tiene acceso a {expected} {at}. Pulse el botón e inicie sesión con una cuenta que lo tenga; un administrador puede concederlo.',
    switchPassword: 'Introduzca el nombre de usuario y la contraseña de {expected}.',
    loginAtServer: '{login} en {server}',
    anotherAccount: 'otra cuenta',
  },

  admin: {
    heading: 'Para un administrador de su organización',
    handOver:
      'Envíe este enlace a un administrador. Abre una página que dice qué puede leer la aplicación, y no requiere ninguna cuenta aquí:',
    link: 'enlace para el administrador',
    write: 'Escribir al administrador',
    subject: 'Aprobar {product} para nuestros buzones, por favor',
    body: 'Hola:\n\n{tenant} quiere conectar mi buzón y nuestra organización tiene que aprobar antes la aplicación. Esta página dice qué puede leer:\n\n{url}\n\n¡Gracias!',
    isMe: 'Yo soy administrador',
    wait: 'Cuando esté aprobada, vuelva a abrir esta página e inicie sesión. El enlace vale hasta el {when}.',
    thanks: {
      title: 'Gracias',
      sentence:
        'Diga a la persona que le envió este enlace que vuelva a iniciar sesión; entonces la cuenta quedará conectada. Puede cerrar esta página.',
    },
    refused: {
      title: 'La aplicación no está permitida',
      sentence:
        'No se ha cambiado nada. La cuenta sigue sin conectar hasta que un administrador permita la aplicación; para eso se puede volver a abrir el mismo enlace.',
    },
  },

  over: {
    unknown: {
      title: 'No conocemos este enlace',
      sentence:
        'Compruebe que la dirección se haya copiado entera. Si le llegó por correo, vuelva a abrirla desde allí o pida una nueva.',
    },
    used: {
      title: 'Este enlace ya se ha usado',
      sentence:
        'Un enlace vale para un solo inicio de sesión, y este ya está hecho. Si algo sigue sin funcionar, pida un enlace nuevo.',
    },
    usedBroken: {
      title: 'Este enlace ya se ha usado',
      sentence:
        'Funcionó una vez, pero {account} necesita desde entonces otro inicio de sesión. Para eso hace falta un enlace nuevo.',
    },
    expired: {
      title: 'Este enlace ha caducado',
      sentence: 'Por seguridad, los enlaces valen un tiempo limitado. No se ha cambiado nada y no se ha perdido nada.',
    },
    repaired: {
      title: 'Ya no hay nada que hacer',
      sentence: '{account} vuelve a estar conectada a {tenant}. Este enlace ya no hace falta.',
    },
    disconnected: {
      title: 'Esta cuenta se ha desconectado',
      sentence:
        'La conexión de {account} ha terminado, así que no hace falta iniciar sesión. Para volver a conectarla, pida un enlace nuevo a {tenant}.',
    },
    renew: 'Enviarme un enlace nuevo',
    renewing: 'Pidiendo un enlace nuevo…',
    renewed: {
      title: 'Mire su correo',
      sentence:
        'Si el enlace era suyo, uno nuevo está en camino. Puede tardar unos minutos; mire también en la carpeta de correo no deseado.',
    },
    orAsk: 'O pida un enlace nuevo a {tenant}; sirve para lo mismo.',
  },

  done: {
    heading: 'Conectada',
    first: '{account} está conectada a {tenant}.',
    again: '{account} vuelve a estar conectada a {tenant}.',
    fromNowOn: 'Los mensajes que lleguen desde ahora aparecerán allí.',
    looking: 'Buscando los mensajes que faltan…',
    soFar: {
      one: 'Ya ha llegado {count} mensaje de los que faltaban',
      many: 'Ya han llegado {count} de mensajes de los que faltaban',
      other: 'Ya han llegado {count} mensajes de los que faltaban',
    },
    ofAbout: {
      one: 'Ha llegado {count} de unos {total} mensajes que faltaban',
      other: 'Han llegado {count} de unos {total} mensajes que faltaban',
    },
    fetched: {
      one: 'Se ha recuperado {count} mensaje que faltaba.',
      many: 'Se han recuperado {count} de mensajes que faltaban.',
      other: 'Se han recuperado {count} mensajes que faltaban.',
    },
    earlier: { one: 'Ha llegado {count} mensaje anterior.', other: 'Han llegado {count} mensajes anteriores.' },
    none: 'No faltaba ningún mensaje.',
    checked: 'Comparado con el buzón: no falta nada.',
    skipped: {
      one: 'Se ha dejado fuera {count}: borrado entretanto, o en correo no deseado, papelera o borradores.',
      other: 'Se han dejado fuera {count}: borrados entretanto, o en correo no deseado, papelera o borradores.',
    },
    missing: {
      one: '{count} mensaje no se ha podido recuperar todavía.',
      other: '{count} mensajes no se han podido recuperar todavía.',
    },
    stalled: 'Todavía no se ha podido recuperar todo; se vuelve a intentar automáticamente.',
    cancelled: 'La recuperación se ha detenido. La cuenta sigue conectada.',
    progress: 'Mensajes que faltaban',
    silent: '{title}. Lo que falta se recupera de todos modos; esta página lo mostrará en cuanto vuelva la conexión.',
    goesOn: 'Esto sigue por sí solo, aunque cierre esta página.',
    jobDone: 'El enlace ha cumplido su función y no se puede volver a usar.',
    changedHeading: 'Acceso cambiado',
    changed: '{tenant} accede ahora a {account} por {access}. El historial y los ajustes siguen igual.',
    comparing: 'Comparando los mensajes…',
    known: {
      one: '{count} mensaje ya estaba y no ha llegado dos veces.',
      many: '{count} de mensajes ya estaban; ninguno ha llegado dos veces.',
      other: '{count} mensajes ya estaban; ninguno ha llegado dos veces.',
    },
  },
};
