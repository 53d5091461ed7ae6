import { FAILURES } from '../../../domain/words/sign-in-failures.ts';
import type { ConnectWords } from './shape.ts';

export const words: ConnectWords = {
  providers: {
    imap: { name: 'the mail server', at: 'at the mail server' },
    exchange: { name: 'the Exchange server', at: 'at the Exchange server' },
  },
  atProvider: 'at {provider}',
  space: ' ',
  or: 'or',

  page: {
    language: 'Language',
    help: 'Help',
    privacy: 'Privacy',
    opening: 'Opening the link…',
    closePage: 'You can close this page.',
    tryAgain: 'Try again',
    copy: 'Copy {what}',
    copied: 'Copied',
    errorCode: 'error code',
    asksAgain: '{title}. This page asks again by itself.',
    wentWrong: 'Something went wrong on this page. Please load it again.',
  },
  silence: { offline: 'You are offline', mooring_unreachable: '{product} does not answer' },

  connect: {
    heading: 'Connect your account',
    asks: '{tenant} asks to connect your mailbox, so that its messages are there as well.',
    asksAccess: '{tenant} asks for access to your account.',
    endAnyTime: 'You can end this at any time.',
  },
  again: {
    heading: 'Sign in again as {account}',
    sharedHeading: 'Sign in again for {account}',
    moveHeading: 'Change how we reach {account}',
    healthyTitle: 'This account is connected',
    healthy: 'Nothing has to be done at the moment. If you want to renew the access all the same, sign in below.',
    keeps: '{tenant} keeps its access.',
    since: 'No new messages have reached {tenant} since {when}.',
    thenFetched: 'Once you have signed in, the messages that you missed are fetched for {tenant}; nothing is lost.',
    thenUsed: '{tenant} can then use it again.',
  },
  causes: {
    access_ended: '{provider} ended our access: the password changed, or a person withdrew the access.',
    password_refused: '{provider} no longer accepts the password of {login}; it was probably changed.',
    password_changed: '{provider} no longer accepts our sign-in, because the password of {login} changed.',
    access_revoked: 'The access was withdrawn {at}.',
    session_revoked: 'All sign-ins of {login} {at} were ended, and our access with them.',
    token_idle_expired: 'The access was not used for a long time, so {provider} let it expire.',
    refresh_token_expired: 'The access has run out: {provider} asks for a new sign-in from time to time.',
    mfa_required: '{provider} wants you to confirm the sign-in with a second factor.',
    conditional_access: 'A sign-in rule of your organization {at} ended the access.',
    admin_consent_required: '{provider} wants an administrator of your organization to approve the app.',
    admin_policy_enforced: 'A rule of your organization {at} does not allow the app.',
    insufficient_scope: 'A permission is missing {at}: a box was not ticked, or it was taken away.',
    account_disabled: '{provider} says that the account {login} is disabled.',
    mailbox_unavailable: '{provider} accepts the sign-in, but the mailbox of {login} cannot be opened.',
    subscription_renewal_failed: '{provider} does not tell us about new messages at the moment.',
    app_credentials_invalid: '{provider} does not accept our app at the moment. You can do nothing about it.',
    refresh_outcome_unknown: 'A renewal of the access was cut off {at}. You did nothing wrong.',
    provider_unavailable: '{provider} does not answer properly at the moment.',
    rate_limited: '{provider} asked us to slow down.',
    network: '{provider} cannot be reached at the moment.',
  },

  steps: {
    title: 'What will happen',
    signIn: 'You sign in {at}. Your password is never seen here.',
    signInAs: 'You sign in {at} as {account}. Your password is never seen here.',
    signInOwn:
      'You sign in {at} with your own login, which needs access to {mailbox}. Your password is never seen here.',
    allowRead: 'You allow {product} to read the messages.',
    allowSend: 'You allow {product} to read the messages and to send in your name.',
    enterPassword: 'You enter the password. It is tested by a real sign-in before anything is stored.',
    canSend: '{tenant} can then read the messages and send mail in your name.',
    fromNowOn: 'Messages that arrive from then on show up at {tenant}.',
    canUse: '{tenant} can use the account from then on.',
    missed: 'You see here how the missed messages come in. That is all.',
    canUseAgain: '{tenant} can use the account again. That is all.',
    sameAccount: 'It is checked that this is the same account. If it is not, nothing is changed.',
    stays:
      'The account stays with {tenant}, with its history and settings. What may have been missed is fetched, and nothing comes twice.',
    staysUsed: 'The account stays with {tenant}, with its settings.',
    wayBack: 'For an hour, {tenant} can go back to the old access; then that is deleted.',
  },

  change: {
    today: '{tenant} reaches this account by {access}.',
    which: 'How should it be reached from now on?',
    sameKind: 'With another login or at another server',
    another: 'Choose another way',
    moved: 'Has the account moved?',
    movedHint: 'If it is reached in another way now, it can be changed here; history and settings stay.',
    before: 'Sign in as before',
    onlySame: 'The access can be changed for the same account only.',
    notThere: 'The messages of this account were not found there.',
  },

  choice: {
    whichAccount: 'What kind of account is it?',
    hints: {
      gmail: 'Gmail and Google Workspace; you sign in at Google',
      microsoft: 'Microsoft 365 and Outlook.com; you sign in at Microsoft',
      exchange: 'Exchange Server of your organization',
      imap: 'Any other mailbox, over IMAP',
      salesforce: 'Salesforce; you sign in at Salesforce',
    },
    noneOffered: 'This link allows no kind of account. Please ask its sender.',
    continueWith: 'Continue with {provider}',
    leaving: 'Opening {provider}…',
    signInAs: 'Sign in as {account}',
    login: {
      where: 'Where you sign in',
      asBefore: 'Where this account signed in before',
      places: {
        production: 'Production, or an organization for developers',
        sandbox: 'Sandbox',
        domain: 'Your organization',
      },
      own: 'An address of your organization’s own (My Domain)',
      address: 'Address of your organization',
      wrong: 'This is no address to sign in at. It looks like {example}.',
    },
  },

  form: {
    username: 'Email or user name',
    password: 'Password',
    showPassword: 'Show the password',
    hidePassword: 'Hide the password',
    notes: {
      app_password: '{name} wants an app password here, made in the account’s security settings.',
      switch_on: 'IMAP must be switched on in {name}’s settings first.',
      own_password: '{name} wants its separate e-mail password here.',
      no_password:
        '{name} does not accept passwords here any more; choose another kind of account, where it is offered.',
    },
    serverSettings: 'Server settings',
    foundByAddress: 'found by your address',
    toBeEntered: 'to be entered',
    imapServer: 'IMAP server',
    smtpServer: 'SMTP server',
    smtpFailed: 'Server for sending: {sentence}',
    serverAddress: 'Address of the server',
    serverAddressEmpty: 'If left empty, it is found by your email address.',
    basic: {
      title: 'Is the password right?',
      sentence:
        'Then a proxy in front of Exchange may be the cause. The server offers a simpler way to sign in as well (Basic): the password itself is sent, encrypted on its way.',
      tryIt: 'Try again with Basic',
    },
    encryption: 'Encryption',
    byPort: 'By port',
    port: 'Port',
    sandbox: 'A mailbox of the sandbox? Its accounts, and their server, stand on {page}.',
    sandboxPage: 'the sandbox’s page',
    testing: 'Signing in to test it…',
    connect: 'Connect',
    signIn: 'Sign in',
    safe: 'The password is stored so that only the mail fetcher can open it.',
    check: 'Please check what you entered',
    fields: {
      username: 'Enter the user name, usually the email address; it has 320 characters at most.',
      password: 'Enter the password; it has 2,000 characters at most.',
      host: 'Enter the name of the server alone, such as imap.example.com: no “https://”, no path, and the port in its own field.',
      port: 'A port is a whole number from 1 to 65535; mail servers use 993 (TLS) or 143 (STARTTLS).',
      security: 'Choose TLS or STARTTLS.',
    },
  },

  failures: FAILURES,
  failed: {
    openPage: 'Open {provider}’s page',
    unknown: { title: 'That did not work', sentence: 'The reason is not known. Please try again in a moment.' },
    nothingStored: 'Nothing was stored.',
  },
  mismatch: {
    title: 'That was a different account',
    signedInAs: 'You signed in as',
    linkIsFor: 'This link is for',
    nothingChanged: 'Nothing was changed.',
    switchAt: 'Press the button and choose {expected} {at}. If it is not listed there, choose “Use another account”.',
    switchLogin:
      '{received} has no access to {expected} {at}. Press the button and sign in with a login that has; an administrator can give it access.',
    switchPassword: 'Enter the user name and the password of {expected}.',
    loginAtServer: '{login} at {server}',
    anotherAccount: 'another account',
  },

  admin: {
    heading: 'For an administrator of your organization',
    handOver:
      'Send this link to an administrator. It opens a page that says what the app may read, and needs no account here:',
    link: 'link for the administrator',
    write: 'Write to the administrator',
    subject: 'Please approve {product} for our mailboxes',
    body: 'Hello,\n\n{tenant} would like to connect my mailbox, and our organization has to approve the app first. This page says what it may read:\n\n{url}\n\nThank you!',
    isMe: 'I am an administrator myself',
    wait: 'When it is approved, open this page again and sign in. The link is good until {when}.',
    thanks: {
      title: 'Thank you',
      sentence:
        'Please tell the person who sent you this link to sign in again; the account is connected then. You can close this page.',
    },
    refused: {
      title: 'The app is not allowed',
      sentence:
        'Nothing was changed. The account stays unconnected until an administrator allows the app; the same link can be opened again for that.',
    },
  },

  over: {
    unknown: {
      title: 'This link is not known',
      sentence:
        'Please check that the address was copied whole. If it came by mail, open it from there again, or ask for a new one.',
    },
    used: {
      title: 'This link has been used',
      sentence:
        'A link works for one sign-in only, and this one is done. If something still does not work, ask for a new link.',
    },
    usedBroken: {
      title: 'This link has been used',
      sentence: 'It worked once, and {account} needs another sign-in since. For that you need a new link.',
    },
    expired: {
      title: 'This link has expired',
      sentence: 'For safety, links work for a limited time only. Nothing was changed and nothing is lost.',
    },
    repaired: {
      title: 'Nothing left to do',
      sentence: '{account} is connected to {tenant} again. This link is no longer needed.',
    },
    disconnected: {
      title: 'This account was disconnected',
      sentence:
        'The connection of {account} was ended, so there is nothing to sign in for. To connect it again, ask {tenant} for a new link.',
    },
    renew: 'Send me a new link',
    renewing: 'Asking for a new link…',
    renewed: {
      title: 'Please look at your mail',
      sentence:
        'If the link was yours, a new one is on its way. It can take a few minutes; please look into the spam folder too.',
    },
    orAsk: 'Or ask {tenant} for a new link; it serves the same purpose.',
  },

  done: {
    heading: 'Connected',
    first: '{account} is connected to {tenant}.',
    again: '{account} is connected again to {tenant}.',
    fromNowOn: 'Messages that arrive from now on show up there.',
    looking: 'Looking for messages that were missed…',
    soFar: { one: '{count} missed message is here so far', other: '{count} missed messages are here so far' },
    ofAbout: {
      one: '{count} of about {total} missed messages is here',
      other: '{count} of about {total} missed messages are here',
    },
    fetched: { one: '{count} missed message was fetched.', other: '{count} missed messages were fetched.' },
    earlier: { one: '{count} earlier message is here.', other: '{count} earlier messages are here.' },
    none: 'No messages were missed.',
    checked: 'Compared with the mailbox: nothing is missing.',
    skipped: {
      one: '{count} was left out: deleted meanwhile, or in spam, trash or drafts.',
      other: '{count} were left out: deleted meanwhile, or in spam, trash or drafts.',
    },
    missing: {
      one: '{count} message could not be fetched yet.',
      other: '{count} messages could not be fetched yet.',
    },
    stalled: 'Not everything could be fetched yet; it is tried again by itself.',
    cancelled: 'The import was stopped. The account stays connected.',
    progress: 'Missed messages',
    silent: '{title}. What is left to import is imported all the same; this page shows it once the connection is back.',
    goesOn: 'This goes on by itself, also when you close this page.',
    jobDone: 'The link has done its job and cannot be used again.',
    changedHeading: 'Access changed',
    changed: '{tenant} now reaches {account} by {access}. History and settings are as before.',
    comparing: 'The messages are being compared…',
    known: {
      one: '{count} message was there before; it did not come twice.',
      other: '{count} messages were there before; none came twice.',
    },
  },
};
