import type { Action } from '../verdict.ts';
import type { StoredScope } from './incident.ts';

interface Problem {
  scope: StoredScope;
  /** Of an incident of the operator's: the client that is refused. null: no worker serves the access type. */
  client: string | null;
  action: Action | null;
  /** Who runs the accounts, as a sentence names it: "Google", "the mail server". */
  provider: string;
  /** What the provider's code asks of the operator, where it tells more than the action; null: it does not. */
  remedy: string | null;
  isOpen: boolean;
}

/** The way to end an incident, for its reader, in a sentence or two. */
export function whatToDo({ scope, client, action, provider, remedy, isOpen }: Problem): string {
  if (!isOpen) return 'Nothing: the incident is closed.';
  switch (scope) {
    case 'client':
      if (client === null)
        return (
          `No worker serves the channels at ${provider}, and they stand still. Start a worker with the provider's ` +
          'configuration in its environment, or disconnect them: that works without one.'
        );
      return (
        `${capital(provider)} refuses our own client. Check its id, its secret or certificate and its permissions in the ` +
        'configuration and at the provider. One channel tries it every two minutes at most; the others follow it.'
      );
    case 'provider':
      if (action === 'contact_support')
        return (
          `Channels at ${provider} have failed for more than a day, with trouble that should have healed by itself. Ask its ` +
          'support, or disconnect the channels; until then each retries. No owner is told.'
        );
      return action === 'reauthorize'
        ? `${capital(provider)} refuses the sign-ins of many people at once. Check for a cause on our side or an outage ` +
            'there before the people are asked; release the held notices if they have to sign in.'
        : `Nothing but watching: ${provider} is in trouble, and every channel retries by itself. No owner is told.`;
    case 'key':
      return 'An API key behaves unlike before. Check who uses it, and revoke it if that is not clear.';
    case 'service':
      return (
        `No listener looks for news at ${provider}. Start one, or see in its log why it does not live. Until then ` +
        'workflows poll, at a third of the pace, and no connection is held.'
      );
    case 'channel':
      return remedy ?? ofChannel(action, provider);
  }
}

function ofChannel(action: Action | null, provider: string): string {
  switch (action) {
    case 'reauthorize':
      return 'The person has to sign in again, by a reauthorize link.';
    case 'change_access':
      return 'The person has to move the channel to another access type.';
    case 'admin_consent':
      return `An administrator has to allow the access at ${provider}.`;
    case 'fix_app_credentials':
      return 'The operator has to correct our own client.';
    case 'contact_support':
      return 'Another sign-in does not help. Look at the timeline, and talk to the person.';
    case 'none':
    case null:
      return 'Nothing: the channel retries by itself.';
  }
}

const capital = (words: string) => `${words[0]?.toUpperCase() ?? ''}${words.slice(1)}`;
