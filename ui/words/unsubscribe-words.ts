import type { Locale } from '../../domain/locale.ts';

/** What the page behind a mail's last link says. */
export interface UnsubscribeWords {
  title: string;
  /** What ends. */
  about: string;
  /** What it means for the channel. */
  means: string;
  button: string;
  working: string;
  done: { title: string; text: string };
  unknown: { title: string; text: string };
  failed: string;
}

export const UNSUBSCRIBE_WORDS: Record<Locale, UnsubscribeWords> = {
  en: {
    title: 'Stop these mails?',
    about: 'You will get no more mails about the mailboxes that this mail was about.',
    means:
      'If one of them needs a new sign-in, an admin is told instead of you. The mailboxes themselves stay as they are.',
    button: 'Stop these mails',
    working: 'Stopping…',
    done: {
      title: 'The mails are stopped',
      text: 'You get no more mails about these mailboxes. You can close this page.',
    },
    unknown: {
      title: 'This address is not known',
      text: 'Please open the link from the mail again, and check that it was copied whole.',
    },
    failed: 'That did not work. Nothing was changed; please try again in a moment.',
  },
  de: {
    title: 'Diese E-Mails abbestellen?',
    about: 'Sie erhalten dann keine E-Mails mehr über die Postfächer, um die es in dieser E-Mail ging.',
    means:
      'Wenn eines davon eine neue Anmeldung braucht, wird statt Ihnen ein Administrator benachrichtigt. An den Postfächern selbst ändert sich nichts.',
    button: 'E-Mails abbestellen',
    working: 'Wird abbestellt…',
    done: {
      title: 'Die E-Mails sind abbestellt',
      text: 'Sie erhalten keine E-Mails mehr über diese Postfächer. Sie können diese Seite schließen.',
    },
    unknown: {
      title: 'Diese Adresse ist nicht bekannt',
      text: 'Bitte öffnen Sie den Link noch einmal aus der E-Mail und prüfen Sie, ob er vollständig kopiert wurde.',
    },
    failed: 'Das hat nicht geklappt. Es wurde nichts geändert; bitte versuchen Sie es gleich noch einmal.',
  },
  fr: {
    title: 'Ne plus recevoir ces messages ?',
    about: 'Vous ne recevrez plus de messages au sujet des boîtes mail dont il était question.',
    means:
      'Si l’une d’elles demande une nouvelle connexion, un administrateur sera prévenu à votre place. Les boîtes mail elles-mêmes restent inchangées.',
    button: 'Ne plus recevoir ces messages',
    working: 'En cours…',
    done: {
      title: 'C’est fait',
      text: 'Vous ne recevrez plus de messages au sujet de ces boîtes mail. Vous pouvez fermer cette page.',
    },
    unknown: {
      title: 'Cette adresse est inconnue',
      text: 'Ouvrez de nouveau le lien depuis le message et vérifiez qu’il a été copié en entier.',
    },
    failed: 'Cela n’a pas fonctionné. Rien n’a été modifié ; réessayez dans un instant.',
  },
  es: {
    title: '¿No recibir más estos correos?',
    about: 'Ya no recibirá correos sobre los buzones de los que trataba este correo.',
    means:
      'Si alguno de ellos necesita un nuevo inicio de sesión, se avisará a un administrador en su lugar. Los buzones no cambian.',
    button: 'No recibir más estos correos',
    working: 'Un momento…',
    done: {
      title: 'Hecho',
      text: 'Ya no recibirá correos sobre estos buzones. Puede cerrar esta página.',
    },
    unknown: {
      title: 'Esta dirección no se conoce',
      text: 'Vuelva a abrir el enlace desde el correo y compruebe que se copió entero.',
    },
    failed: 'No ha funcionado. No se ha cambiado nada; inténtelo de nuevo en un momento.',
  },
  ja: {
    title: 'このメールを停止しますか',
    about: 'このメールで取り上げたメールボックスについてのメールは、今後届かなくなります。',
    means: '再度のサインインが必要になった場合は、代わりに管理者に通知されます。メールボックス自体に変更はありません。',
    button: 'メールを停止する',
    working: '停止しています…',
    done: {
      title: 'メールを停止しました',
      text: 'これらのメールボックスについてのメールは届かなくなります。このページは閉じてかまいません。',
    },
    unknown: {
      title: 'このアドレスは確認できません',
      text: 'メールのリンクをもう一度開き、アドレス全体がコピーされているかご確認ください。',
    },
    failed: '停止できませんでした。何も変更されていません。しばらくしてからもう一度お試しください。',
  },
};
