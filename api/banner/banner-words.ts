import type { Locale } from '../../domain/locale.ts';

type Cause = (provider: string, email: string) => string;

/** The sentences of the banner's messages. A provider is the subject, so that no language has to decline its name. */
export interface BannerWords {
  mailServer: string;
  causes: Record<'refused' | 'ended' | 'expired' | 'confirmation' | 'part' | 'approval' | 'closed', Cause>;
  /** Between two sentences. */
  between: string;
  signIn: string;
  /** The same where mail is imported. */
  signInUnharmed: string;
  personSignsIn(name: string): string;
  adminSignsIn(tenant: string): string;
  approve: string;
  askAdministrator: string;
}

export const BANNER_WORDS: Record<Locale, BannerWords> = {
  en: {
    mailServer: 'The mail server',
    causes: {
      refused: (provider, email) => `${provider} no longer gives access to ${email}.`,
      ended: (provider, email) =>
        `${provider} no longer gives access to ${email}: the password changed, or the access was withdrawn.`,
      expired: (provider, email) => `${provider} gave access to ${email} for a limited time, which is over.`,
      confirmation: (provider, email) => `${provider} wants the sign-in of ${email} to be confirmed again.`,
      part: (provider, email) => `${provider} gives only part of the access to ${email} that is needed.`,
      approval: (provider, email) => `${provider} wants an administrator to approve the access to ${email}.`,
      closed: (provider, email) => `${provider} does not open the mailbox ${email}.`,
    },
    between: ' ',
    signIn: 'Sign in again to continue.',
    signInUnharmed: 'Sign in again to continue; no message is lost.',
    personSignsIn: (name) => `${name} has to sign in again.`,
    adminSignsIn: (tenant) => `An admin of ${tenant} has to sign in again.`,
    approve: 'An administrator of the organization has to approve it.',
    askAdministrator: 'Please ask the administrator of this mailbox.',
  },
  de: {
    mailServer: 'Der Mailserver',
    causes: {
      refused: (provider, email) => `${provider} gewährt keinen Zugriff mehr auf ${email}.`,
      ended: (provider, email) =>
        `${provider} gewährt keinen Zugriff mehr auf ${email}: Das Passwort wurde geändert oder der Zugriff entzogen.`,
      expired: (provider, email) =>
        `${provider} hat den Zugriff auf ${email} nur für begrenzte Zeit gewährt, und diese ist abgelaufen.`,
      confirmation: (provider, email) => `${provider} verlangt, dass die Anmeldung von ${email} erneut bestätigt wird.`,
      part: (provider, email) => `${provider} gewährt nur einen Teil des nötigen Zugriffs auf ${email}.`,
      approval: (provider, email) => `${provider} verlangt, dass ein Administrator den Zugriff auf ${email} genehmigt.`,
      closed: (provider, email) => `${provider} öffnet das Postfach ${email} nicht.`,
    },
    between: ' ',
    signIn: 'Melden Sie sich erneut an, damit es weitergeht.',
    signInUnharmed: 'Melden Sie sich erneut an, damit es weitergeht; keine Nachricht geht verloren.',
    personSignsIn: (name) => `${name} muss sich erneut anmelden.`,
    adminSignsIn: (tenant) => `Ein Admin von ${tenant} muss sich erneut anmelden.`,
    approve: 'Ein Administrator der Organisation muss ihn genehmigen.',
    askAdministrator: 'Bitte wenden Sie sich an den Administrator dieses Postfachs.',
  },
  fr: {
    mailServer: 'Le serveur de messagerie',
    causes: {
      refused: (provider, email) => `${provider} ne donne plus accès à ${email}.`,
      ended: (provider, email) =>
        `${provider} ne donne plus accès à ${email} : le mot de passe a changé ou l’accès a été retiré.`,
      expired: (provider, email) => `${provider} avait donné accès à ${email} pour une durée limitée, qui est écoulée.`,
      confirmation: (provider, email) => `${provider} demande que la connexion de ${email} soit confirmée à nouveau.`,
      part: (provider, email) => `${provider} ne donne qu’une partie de l’accès nécessaire à ${email}.`,
      approval: (provider, email) => `${provider} demande qu’un administrateur approuve l’accès à ${email}.`,
      closed: (provider, email) => `${provider} n’ouvre pas la boîte aux lettres ${email}.`,
    },
    between: ' ',
    signIn: 'Reconnectez-vous pour continuer.',
    signInUnharmed: 'Reconnectez-vous pour continuer ; aucun message n’est perdu.',
    personSignsIn: (name) => `${name} doit se reconnecter.`,
    adminSignsIn: (tenant) => `Un administrateur de ${tenant} doit se reconnecter.`,
    approve: 'Un administrateur de l’organisation doit l’approuver.',
    askAdministrator: 'Adressez-vous à l’administrateur de cette boîte aux lettres.',
  },
  es: {
    mailServer: 'El servidor de correo',
    causes: {
      refused: (provider, email) => `${provider} ya no da acceso a ${email}.`,
      ended: (provider, email) => `${provider} ya no da acceso a ${email}: la contraseña cambió o se retiró el acceso.`,
      expired: (provider, email) => `${provider} dio acceso a ${email} por un tiempo limitado, que ya terminó.`,
      confirmation: (provider, email) => `${provider} pide que se confirme de nuevo el inicio de sesión de ${email}.`,
      part: (provider, email) => `${provider} solo da una parte del acceso a ${email} que se necesita.`,
      approval: (provider, email) => `${provider} pide que un administrador apruebe el acceso a ${email}.`,
      closed: (provider, email) => `${provider} no abre el buzón ${email}.`,
    },
    between: ' ',
    signIn: 'Inicie sesión de nuevo para continuar.',
    signInUnharmed: 'Inicie sesión de nuevo para continuar; no se pierde ningún mensaje.',
    personSignsIn: (name) => `${name} debe iniciar sesión de nuevo.`,
    adminSignsIn: (tenant) => `Un administrador de ${tenant} debe iniciar sesión de nuevo.`,
    approve: 'Un administrador de la organización debe aprobarlo.',
    askAdministrator: 'Diríjase al administrador de este buzón.',
  },
  ja: {
    mailServer: 'メールサーバー',
    causes: {
      refused: (provider, email) => `${provider}が${email}へのアクセスを受け付けなくなりました。`,
      ended: (provider, email) =>
        `${provider}が${email}へのアクセスを受け付けなくなりました。パスワードが変更されたか、アクセスが取り消されました。`,
      expired: (provider, email) => `${provider}が${email}に許可したアクセスの期限が切れました。`,
      confirmation: (provider, email) => `${provider}が${email}のサインインの再確認を求めています。`,
      part: (provider, email) => `${provider}が${email}に必要なアクセスの一部しか許可していません。`,
      approval: (provider, email) => `${provider}が${email}へのアクセスについて管理者の承認を求めています。`,
      closed: (provider, email) => `${provider}が${email}のメールボックスを開きません。`,
    },
    between: '',
    signIn: '続けるには、もう一度サインインしてください。',
    signInUnharmed: '続けるには、もう一度サインインしてください。メッセージは失われません。',
    personSignsIn: (name) => `${name}さんがもう一度サインインする必要があります。`,
    adminSignsIn: (tenant) => `${tenant}の管理者がもう一度サインインする必要があります。`,
    approve: '組織の管理者による承認が必要です。',
    askAdministrator: 'このメールボックスの管理者にお問い合わせください。',
  },
};
