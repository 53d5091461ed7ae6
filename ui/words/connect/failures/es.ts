import type { ConnectWords } from '../shape.ts';

export const failures: ConnectWords['failures'] = {
  authentication_failed: {
    title: 'La contraseña se ha rechazado',
    sentence:
      'El servidor de correo no acepta este nombre de usuario y esta contraseña. Muchos proveedores piden aquí una contraseña de aplicación en lugar de la habitual.',
  },
  dns_failed: {
    title: 'Ese servidor no existe',
    sentence: 'No hay ningún servidor de correo con este nombre. Revise cómo está escrito.',
  },
  server_not_found: {
    title: '¿Qué servidor de correo es?',
    sentence:
      'No se ha encontrado ningún servidor para esta dirección. Introduzca su nombre, por ejemplo imap.example.com. El proveedor lo indica en su ayuda como «servidor IMAP» o «correo entrante»; también está en la configuración de la cuenta de su programa de correo.',
  },
  account_disabled: {
    title: 'La cuenta está desactivada',
    sentence: '{provider} indica que esta cuenta está desactivada. Pregunte a su administrador.',
  },
  admin_consent_required: {
    title: 'Primero tiene que aprobarlo un administrador',
    sentence:
      '{provider} indica que su organización decide qué aplicaciones leen los mensajes. Envíe el enlace de abajo a un administrador y vuelva a iniciar sesión cuando esté aprobado.',
  },
  connection_refused: {
    title: 'El servidor no responde',
    sentence: 'El servidor existe, pero no responde en este puerto. Revise el servidor y el puerto.',
  },
  timeout: {
    title: 'El servidor no responde',
    sentence: 'El servidor no ha respondido a tiempo. Revise el servidor y el puerto, o vuelva a intentarlo.',
  },
  tls_untrusted: {
    title: 'El servidor no es de confianza',
    sentence:
      'El certificado del servidor no vale para este nombre, así que no se le ha enviado nada. Revise el nombre.',
  },
  starttls_missing: {
    title: 'Sin cifrado',
    sentence:
      'El servidor no ofrece cifrado en este puerto, así que no se ha enviado ninguna contraseña. Pruebe «TLS» con el puerto 993.',
  },
  wrong_protocol: {
    title: 'No es un servidor IMAP',
    sentence:
      'En este puerto responde otra cosa, por ejemplo el servidor de correo saliente, así que no se ha enviado ninguna contraseña. IMAP suele usar el puerto 993 con TLS o el 143 con STARTTLS.',
  },
  wrong_security: {
    title: 'El otro tipo de cifrado',
    sentence:
      'El servidor usa en este puerto el otro tipo de cifrado, así que no se ha enviado ninguna contraseña. TLS suele ir con el puerto 993 y STARTTLS con el 143.',
  },
  tls_failed: {
    title: 'Sin cifrado en este puerto',
    sentence:
      'El servidor no admite este tipo de cifrado en este puerto, así que no se ha enviado ninguna contraseña. TLS suele ir con el puerto 993 y STARTTLS con el 143.',
  },
  connection_lost: {
    title: 'El servidor ha colgado',
    sentence: 'El servidor ha cortado la conexión a mitad. Revise el servidor y el puerto, o vuelva a intentarlo.',
  },
  unreachable: {
    title: 'No se puede llegar al servidor',
    sentence: 'Desde aquí no hay camino hasta este servidor. Revise el nombre.',
  },
  network: {
    title: 'No se puede llegar al servidor',
    sentence: 'La conexión con el servidor ha fallado. Revise el servidor y el puerto, o vuelva a intentarlo.',
  },
  egress_denied: {
    title: 'No está permitido desde aquí',
    sentence: 'Desde aquí no se permite conectar con este servidor. Pregunte a quien le envió el enlace.',
  },
  mailbox_unavailable: {
    title: 'El buzón no se puede abrir',
    sentence:
      'El inicio de sesión ha funcionado, pero el buzón no se puede abrir. Quizá el acceso de los programas de correo esté desactivado en sus ajustes o por un administrador.',
  },
  web_sign_in_required: {
    title: '{provider} quiere comprobar antes que es usted',
    sentence:
      '{provider} no abre el buzón hasta que inicie sesión en su propia página y confirme que es usted. Después vuelva aquí e inténtelo de nuevo.',
  },
  no_refresh_token: {
    title: 'No se ha dado un acceso duradero',
    sentence:
      '{provider} ha iniciado su sesión, pero no ha dado un acceso duradero. Vuelva a intentarlo y permita el acceso cuando se pida.',
  },
  access_denied: {
    title: 'No se ha dado el acceso',
    sentence: 'Usted, o {provider}, ha dicho que no. No se ha cambiado nada; puede volver a intentarlo.',
  },
  scope_missing: {
    title: 'Faltaban casillas por marcar',
    sentence:
      '{provider} preguntó qué permisos dar y uno necesario quedó fuera. Vuelva a intentarlo y marque todas las casillas.',
  },
  state_invalid: {
    title: 'Ese inicio de sesión ya no valía',
    sentence: 'El inicio de sesión empezó en otro navegador o hace demasiado tiempo. Vuelva a empezar desde aquí.',
  },
  access_type_not_allowed: {
    title: 'No está permitido aquí',
    sentence: 'Este tipo de acceso no está permitido para esta cuenta. Pregunte a quien le envió el enlace.',
  },
  provider_error: {
    title: 'Un problema {at}',
    sentence:
      '{provider} no ha podido terminar el inicio de sesión. No se ha cambiado nada; vuelva a intentarlo en un minuto.',
  },
  attestation_required: {
    title: '¿Es el mismo buzón?',
    sentence:
      'Se sabe demasiado poco de este buzón para decir si es el mismo en el servidor nuevo. No se ha cambiado nada. Pregunte a quien le envió el enlace.',
  },
  account_connected: {
    title: 'Ya está conectada',
    sentence: 'Esta cuenta en este servidor tiene una conexión propia. No se ha cambiado nada.',
  },
  link_used: {
    title: 'Este enlace ya se ha usado',
    sentence: 'Un enlace vale para un solo inicio de sesión, y este ya está hecho.',
  },
  link_expired: {
    title: 'Este enlace ha caducado',
    sentence: 'Los enlaces valen un tiempo limitado, y este ya ha pasado.',
  },
  mooring_unreachable: {
    title: '{product} no responde',
    sentence: 'No ha llegado respuesta. Vuelva a intentarlo en un momento; nada se hace dos veces.',
  },
  offline: {
    title: 'No tiene conexión',
    sentence: 'Vuelva a intentarlo cuando este dispositivo tenga red; nada se hace dos veces.',
  },
};
