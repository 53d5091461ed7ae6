import type { MailWords } from './mail-words.ts';

const messages = (count: number) => (count === 1 ? '1 message' : `${count.toLocaleString('en-GB')} messages`);

export const en: MailWords = {
  betweenSentences: ' ',
  party: (name) =>
    name === null ? { subject: 'The mail server', at: 'at the mail server' } : { subject: name, at: `at ${name}` },
  greeting: ({ name }) => `Hello ${name},`,
  occasions: {
    sign_in: {
      subject: ({ tenant, mailbox }) => `${tenant}: please sign in again for ${mailbox}`,
      title: () => 'Please sign in again',
      lead: ({ tenant, mailbox }) => `${tenant} has lost its connection to the mailbox ${mailbox}.`,
    },
    change_access: {
      subject: ({ tenant, mailbox }) => `${tenant}: please change how ${mailbox} is connected`,
      title: () => 'Please change the access',
      lead: ({ tenant, mailbox }) => `${tenant} can no longer reach the mailbox ${mailbox} in the way it did.`,
    },
    change_link: {
      subject: ({ tenant, mailbox }) => `${tenant}: your new link for ${mailbox}`,
      title: () => 'Here is your new link',
      lead: ({ tenant, mailbox }) =>
        `Use this link to change how the mailbox ${mailbox} is connected to ${tenant}. The old link no longer works.`,
    },
    unreachable: {
      subject: ({ tenant, mailbox }) => `${tenant}: ${mailbox} can no longer be opened`,
      title: () => 'A mailbox can no longer be opened',
      lead: ({ tenant, mailbox }) =>
        `${tenant} can no longer open the mailbox ${mailbox}, and signing in again would not help.`,
    },
    approve: {
      subject: ({ tenant, mailbox }) => `${tenant}: an administrator must approve ${mailbox}`,
      title: () => 'An approval is needed',
      lead: ({ tenant, mailbox }) =>
        `${tenant} can connect to the mailbox ${mailbox} only after an administrator of your organisation approves it.`,
    },
    reminder: {
      subject: ({ tenant, mailbox }) => `Reminder from ${tenant}: ${mailbox} is still not connected`,
      title: () => 'Still not connected',
      lead: ({ tenant, mailbox }) => `${tenant} still has no connection to the mailbox ${mailbox}.`,
    },
    recovered: {
      subject: ({ tenant, mailbox }) => `${tenant}: ${mailbox} is connected again`,
      title: () => 'Connected again',
      lead: ({ tenant, mailbox }) => `The mailbox ${mailbox} is connected to ${tenant} again.`,
    },
    expiring: {
      subject: ({ tenant, mailbox }) => `${tenant}: access to ${mailbox} runs out soon`,
      title: () => 'Access runs out soon',
      lead: ({ tenant, mailbox, until }) => `The access of ${tenant} to the mailbox ${mailbox} runs out on ${until}.`,
    },
    digest: {
      subject: ({ tenant, count }) => `${tenant}: ${count} mailboxes need you to sign in again`,
      title: ({ count }) => `${count} mailboxes need you`,
      lead: ({ tenant, count }) =>
        `${tenant} has lost its connection to ${count} mailboxes. Each one needs its own sign-in.`,
    },
    new_link: {
      subject: ({ tenant, mailbox }) => `${tenant}: your new link for ${mailbox}`,
      title: () => 'Here is your new link',
      lead: ({ tenant, mailbox }) =>
        `Use this link to reconnect the mailbox ${mailbox} to ${tenant}. The old link no longer works.`,
    },
    connect_link: {
      subject: ({ tenant }) => `${tenant}: your new link to connect a mailbox`,
      title: () => 'Here is your new link',
      lead: ({ tenant }) => `Use this link to connect your mailbox to ${tenant}. The old link has expired.`,
    },
  },
  reasons: {
    password_changed: ({ provider, login }) =>
      `${provider.subject} no longer accepts the sign-in of ${login}, because the password changed.`,
    access_revoked: ({ provider }) => `The access was withdrawn ${provider.at}.`,
    session_revoked: ({ provider, login }) =>
      `Every session of ${login} ${provider.at} was ended, and this access with it.`,
    token_idle_expired: ({ provider }) => `The access was not used for too long, so it expired ${provider.at}.`,
    refresh_token_expired: ({ provider }) =>
      `The access has run out. ${provider.subject} asks for a new sign-in from time to time.`,
    mfa_required: ({ provider, login }) =>
      `${provider.subject} wants ${login} to confirm the sign-in with a second factor.`,
    conditional_access: ({ provider }) => `A sign-in policy of your organisation ${provider.at} ended the access.`,
    admin_consent_required: ({ provider }) =>
      `${provider.subject} wants an administrator of your organisation to approve the app.`,
    admin_policy_enforced: ({ provider }) => `A policy of your organisation ${provider.at} does not allow the app.`,
    insufficient_scope: ({ provider }) =>
      `A permission is missing ${provider.at}: a box was left unticked, or the permission was taken away later.`,
    account_disabled: ({ provider, login }) =>
      `${provider.subject} says that the account ${login} is disabled or deleted.`,
    mailbox_unavailable: ({ provider, login }) =>
      `${provider.subject} accepts the sign-in, but the mailbox of ${login} cannot be opened.`,
    subscription_renewal_failed: ({ provider }) => `${provider.subject} has stopped announcing new messages.`,
    app_credentials_invalid: ({ provider }) => `${provider.subject} does not accept the app at the moment.`,
    refresh_outcome_unknown: ({ provider }) =>
      `The connection to ${provider.subject} broke off in the middle of a renewal. You did nothing wrong.`,
    provider_unavailable: ({ provider }) => `${provider.subject} does not answer properly at the moment.`,
    rate_limited: ({ provider }) => `${provider.subject} asked for fewer requests.`,
    network: ({ provider }) => `${provider.subject} cannot be reached at the moment.`,
  },
  ambiguous: {
    grant: ({ provider }) =>
      `${provider.subject} ended the access: the password was changed, or the access was withdrawn.`,
    password: ({ provider, login }) =>
      `${provider.subject} no longer accepts the password of ${login}. It was probably changed, or the account was locked.`,
  },
  withoutReason: ({ provider }) => `${provider.subject} refused the connection without giving a reason.`,
  ends: {
    refresh_token_expired: ({ provider }) => `${provider.subject} asks for a new sign-in from time to time.`,
    token_idle_expired: ({ provider }) => `${provider.subject} ends an access that is not used for a long time.`,
  },
  labels: { why: 'Why', since: 'Since', interrupted: 'Interrupted', until: 'Runs out' },
  fromTo: ({ from, to }) => `${from} – ${to}`,
  tasks: {
    sign_in_grant: ({ provider, login }) =>
      `Open the page and sign in ${provider.at} as ${login}. It takes about a minute.`,
    sign_in_shared: ({ provider, mailbox }) =>
      `Open the page and sign in ${provider.at} with your own login, which needs access to ${mailbox}. It takes about a minute.`,
    sign_in_password: ({ login }) =>
      `Open the page and enter the current password of ${login}. It takes about a minute.`,
    change_access: ({ login }) =>
      `Open the page and choose how ${login} is reached from now on. History and settings stay. It takes about a minute.`,
    approve: ({ provider }) =>
      `Open the page, check what is asked for, and approve it ${provider.at}. You need the rights of an administrator there; if you do not have them, please show this mail to your IT department.`,
    ask_to_allow: ({ provider, login }) =>
      `Please ask the administrator of ${login} ${provider.at} to allow the access: a setting or a rule there stops apps, or mail programs (IMAP), from opening the mailbox.`,
    ask_administrator: ({ provider, login }) =>
      `Please ask the administrator of ${login} ${provider.at} whether the account still exists.`,
  },
  buttons: {
    sign_in: 'Sign in again',
    approve: 'Review and approve',
    renew: 'Renew the access',
    change_access: 'Change the access',
    connect: 'Connect',
  },
  buttonFor: ({ button, mailbox }) => `${button}: ${mailbox}`,
  safety: ({ host }) => `The link leads to ${host}. Please never send a password by mail.`,
  fallback: 'If the button does not work, copy this address into your browser:',
  outlook: {
    imports: 'Nothing is lost: new messages wait in the mailbox and are brought in once you have signed in.',
    importsMissed: ({ count }) =>
      `Nothing is lost: ${messages(count)} ${count === 1 ? 'waits' : 'wait'} in the mailbox and will be brought in once you have signed in.`,
    works: ({ tenant }) => `Once you have signed in, ${tenant} can use the mailbox again.`,
    approved: 'Once it is approved the connection is made by itself; new messages wait in the mailbox until then.',
    triedAgain: 'The connection is tried again every hour, so it comes back by itself once the account works.',
    renewed: 'If you sign in before then, nothing is interrupted.',
    recovering: 'The messages that arrived meanwhile are being brought in.',
    recoveredMissed: ({ count }) =>
      `${messages(count)} that arrived meanwhile ${count === 1 ? 'was' : 'were'} brought in.`,
    nothingToDo: 'There is nothing for you to do.',
    ignore: 'If you did not ask for a link, please ignore this mail. Nothing changes.',
  },
  several: 'these mailboxes',
  whys: {
    owner: ({ tenant, about }) => `You get this mail because you look after ${about} at ${tenant}.`,
    admin: ({ tenant, about }) => `You get this mail because you are an admin of ${tenant}, which uses ${about}.`,
    owner_silent: ({ tenant, about }) =>
      `You get this mail because you are an admin of ${tenant} and the owner of ${about} has not signed in yet.`,
    owner_left: ({ tenant, about }) =>
      `You get this mail because you are an admin of ${tenant} and no owner of ${about} can be reached.`,
    owner_unsubscribed: ({ tenant, about }) =>
      `You get this mail because you are an admin of ${tenant} and the owner of ${about} wants no mails about it.`,
    asked: ({ tenant }) =>
      `You get this mail because a new link was requested on a page of ${tenant} that was sent to you.`,
  },
  stop: ({ about }) => `Stop mails about ${about}`,
  stopMeans: 'An admin is then told instead of you.',
  sentBy: ({ product, tenant }) => `Sent by ${product} for ${tenant}`,
  support: 'Help',
  privacy: 'Privacy',
};
