/** Hints before a sign-in with a password at a large provider; each has words in every language. */
const PASSWORD_NOTES = {
  app_password: '{name} wants an app password here, made in the account’s security settings.',
  switch_on: 'IMAP must be switched on in {name}’s settings first.',
  own_password: '{name} wants its separate e-mail password here.',
  no_password: '{name} does not accept passwords here any more; choose another kind of account, where it is offered.',
} as const;
export type PasswordNote = keyof typeof PASSWORD_NOTES;
export const PASSWORD_NOTE_KINDS = Object.keys(PASSWORD_NOTES) as [PasswordNote, ...PasswordNote[]];

/** A note as a sentence of the API, in English. */
export const passwordNoteSentence = (kind: PasswordNote, name: string): string =>
  PASSWORD_NOTES[kind].replace('{name}', name);
