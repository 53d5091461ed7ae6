import type { AccessType, BuiltInAccessType } from '../../../domain/access-type.ts';
import type { StatusReason } from '../../../domain/verdict.ts';
import type { VagueCause } from '../../../domain/words/causes.ts';
import type { LoginPlace } from '../../../domain/words/login-places.ts';
import type { PasswordNote } from '../../../domain/words/password-notes.ts';
import type { FailureCode } from '../../../domain/words/sign-in-failures.ts';

/** A sentence by the number in it, in the plural forms that the language has. */
export type Counted = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string };

export interface Titled {
  title: string;
  sentence: string;
}

/** Who runs an account, where it is no proper name: as the subject of a sentence, and as the place of a sign-in. */
interface ProviderName {
  name: string;
  at: string;
}

/**
 * All words of the pages that people see who own an account or administer one. `{names}` stand for what is filled in;
 * every language has the same ones in a sentence (`test/ui/locales.test.ts`).
 *
 * `{provider}` runs the account, `{at}` is the place where one signs in, `{tenant}` asks for the account, `{product}` is
 * the product by its branding, `{account}` an address.
 */
export interface ConnectWords {
  providers: Partial<Record<AccessType, ProviderName>>;
  atProvider: string;
  /** Between two sentences. */
  space: string;
  /** Between the last two of a list: “Google or Microsoft”. */
  or: string;

  page: {
    language: string;
    help: string;
    privacy: string;
    opening: string;
    closePage: string;
    tryAgain: string;
    /** What a screen reader says of a button that copies. */
    copy: string;
    copied: string;
    errorCode: string;
    asksAgain: string;
    wentWrong: string;
  };
  silence: Record<'offline' | 'mooring_unreachable', string>;

  connect: {
    heading: string;
    asks: string;
    asksAccess: string;
    endAnyTime: string;
  };
  again: {
    heading: string;
    /** Of a mailbox that several people share, each with a login of their own. */
    sharedHeading: string;
    moveHeading: string;
    healthyTitle: string;
    healthy: string;
    keeps: string;
    since: string;
    /** What a sign-in is good for, by what is imported. */
    thenFetched: string;
    thenUsed: string;
  };
  causes: Record<StatusReason | VagueCause, string>;

  steps: {
    title: string;
    signIn: string;
    signInAs: string;
    /** `{mailbox}` is shared by several people. */
    signInOwn: string;
    allowRead: string;
    allowSend: string;
    enterPassword: string;
    /** Of a password, where a provider's page does not ask for it. */
    canSend: string;
    fromNowOn: string;
    canUse: string;
    missed: string;
    canUseAgain: string;
    /** Of a change of the access. */
    sameAccount: string;
    stays: string;
    /** Where nothing is imported. */
    staysUsed: string;
    wayBack: string;
  };

  /** How an account is reached, and by which other access it can be: `{access}` is what people call one. */
  change: {
    today: string;
    which: string;
    /** Beside the access type that the account has. */
    sameKind: string;
    another: string;
    /** On a page to sign in again, after its own way. */
    moved: string;
    movedHint: string;
    before: string;
    onlySame: string;
    /** The address is right, and the mailbox another one. */
    notThere: string;
  };

  choice: {
    whichAccount: string;
    /** Of the access types that every installation may have; a file's own hint stands for the others. */
    hints: Record<BuiltInAccessType, string> & Partial<Record<AccessType, string>>;
    noneOffered: string;
    continueWith: string;
    leaving: string;
    signInAs: string;
    /** Where the person signs in, at a provider with several places. */
    login: {
      where: string;
      asBefore: string;
      places: Record<LoginPlace, string>;
      own: string;
      address: string;
      wrong: string;
    };
  };

  form: {
    username: string;
    password: string;
    showPassword: string;
    hidePassword: string;
    notes: Record<PasswordNote, string>;
    serverSettings: string;
    foundByAddress: string;
    toBeEntered: string;
    imapServer: string;
    smtpServer: string;
    /** `{sentence}` says what failed, as of the server that is read from. */
    smtpFailed: string;
    serverAddress: string;
    /** What becomes of an empty field. */
    serverAddressEmpty: string;
    /** The offer to send the password itself to an Exchange server that has refused NTLM. */
    basic: Titled & { tryIt: string };
    encryption: string;
    byPort: string;
    port: string;
    sandbox: string;
    sandboxPage: string;
    testing: string;
    connect: string;
    signIn: string;
    safe: string;
    check: string;
    fields: Record<'username' | 'password' | 'host' | 'port' | 'security', string>;
  };

  failures: Record<FailureCode, Titled>;
  failed: {
    /** With `web_sign_in_required`: leads to the provider's page. */
    openPage: string;
    unknown: Titled;
    nothingStored: string;
  };
  mismatch: {
    title: string;
    /** Before an address. */
    signedInAs: string;
    linkIsFor: string;
    nothingChanged: string;
    switchAt: string;
    /** The login was right or wrong, but it does not open the shared mailbox. */
    switchLogin: string;
    switchPassword: string;
    loginAtServer: string;
    anotherAccount: string;
  };

  admin: {
    heading: string;
    handOver: string;
    link: string;
    write: string;
    subject: string;
    body: string;
    isMe: string;
    wait: string;
    thanks: Titled;
    refused: Titled;
  };

  over: {
    unknown: Titled;
    used: Titled;
    usedBroken: Titled;
    expired: Titled;
    repaired: Titled;
    disconnected: Titled;
    renew: string;
    renewing: string;
    renewed: Titled;
    orAsk: string;
  };

  done: {
    heading: string;
    first: string;
    again: string;
    fromNowOn: string;
    looking: string;
    soFar: Counted;
    ofAbout: Counted;
    fetched: Counted;
    /** Of a first connection, from before it. */
    earlier: Counted;
    none: string;
    checked: string;
    skipped: Counted;
    missing: Counted;
    stalled: string;
    cancelled: string;
    progress: string;
    silent: string;
    goesOn: string;
    jobDone: string;
    changedHeading: string;
    changed: string;
    /** In place of `looking`, after a change of the access. */
    comparing: string;
    /** Messages that the new access has and that were stored before. */
    known: Counted;
  };
}
