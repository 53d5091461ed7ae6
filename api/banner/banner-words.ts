import type { Locale } from '../../domain/locale.ts';

/** The person who must act, and the action. */
interface BannerWords {
  signIn: string;
  /** The same where mail is imported. */
  signInUnharmed: string;
  personSignsIn(name: string): string;
  adminSignsIn(tenant: string): string;
  approve: string;
  askToAllow: string;
  askAdministrator: string;
}

export const BANNER_WORDS: Record<Locale, BannerWords> = {
  en: {
    signIn: 'Sign in again to continue.',
    signInUnharmed: 'Sign in again to continue; no message is lost.',
    personSignsIn: (name) => `${name} has to sign in again.`,
    adminSignsIn: (tenant) => `An admin of ${tenant} has to sign in again.`,
    approve: 'An administrator of the organisation has to approve the app.',
    askToAllow: 'An administrator of this mailbox has to allow the access: a setting or a rule stops it.',
    askAdministrator: 'Please ask the administrator of this mailbox.',
  },
  de: {
    signIn: 'Melden Sie sich erneut an, damit es weitergeht.',
    signInUnharmed: 'Melden Sie sich erneut an, damit es weitergeht; keine Nachricht geht verloren.',
    personSignsIn: (name) => `${name} muss sich erneut anmelden.`,
    adminSignsIn: (tenant) => `Ein Admin von ${tenant} muss sich erneut anmelden.`,
    approve: 'Ein Administrator der Organisation muss die App genehmigen.',
    askToAllow:
      'Ein Administrator dieses Postfachs muss den Zugriff erlauben: Eine Einstellung oder Richtlinie verhindert ihn.',
    askAdministrator: 'Bitte wenden Sie sich an den Administrator dieses Postfachs.',
  },
  fr: {
    signIn: 'Reconnectez-vous pour continuer.',
    signInUnharmed: 'Reconnectez-vous pour continuer ; aucun message n’est perdu.',
    personSignsIn: (name) => `${name} doit se reconnecter.`,
    adminSignsIn: (tenant) => `Un administrateur de ${tenant} doit se reconnecter.`,
    approve: 'Un administrateur de l’organisation doit approuver l’application.',
    askToAllow:
      'Un administrateur de cette boîte aux lettres doit autoriser l’accès : un réglage ou une règle l’empêche.',
    askAdministrator: 'Adressez-vous à l’administrateur de cette boîte aux lettres.',
  },
  es: {
    signIn: 'Inicie sesión de nuevo para continuar.',
    signInUnharmed: 'Inicie sesión de nuevo para continuar; no se pierde ningún mensaje.',
    personSignsIn: (name) => `${name} debe iniciar sesión de nuevo.`,
    adminSignsIn: (tenant) => `Un administrador de ${tenant} debe iniciar sesión de nuevo.`,
    approve: 'Un administrador de la organización debe aprobar la aplicación.',
    askToAllow: 'Un administrador de este buzón debe permitir el acceso: un ajuste o una política lo impide.',
    askAdministrator: 'Diríjase al administrador de este buzón.',
  },
  ja: {
    signIn: '続けるには、もう一度サインインしてください。',
    signInUnharmed: '続けるには、もう一度サインインしてください。メッセージは失われません。',
    personSignsIn: (name) => `${name}さんがもう一度サインインする必要があります。`,
    adminSignsIn: (tenant) => `${tenant}の管理者がもう一度サインインする必要があります。`,
    approve: '組織の管理者がアプリを承認する必要があります。',
    askToAllow:
      'このメールボックスの管理者がアクセスを許可する必要があります。設定またはポリシーにより、アクセスできません。',
    askAdministrator: 'このメールボックスの管理者にお問い合わせください。',
  },
};
