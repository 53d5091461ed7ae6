import { capital } from '../../domain/words/sign-in-failures.ts';
import type { Incident } from '../../api/schemas/incidents.ts';
import { count, plural } from './time.ts';
import type { Tone } from './words.ts';

interface IncidentWords {
  title: string;
  tone: Tone;
  /** Who is told of it. */
  told: string;
}

/** A problem of many channels in a line. @param name the provider or the mail server, as a sentence names it */
export function describeIncident(incident: Incident, name: string): IncidentWords {
  const isOpen = incident.closed_at === null;
  const who = incident.server ?? capital(name);
  const channels = plural(incident.channels, 'channel');
  switch (incident.scope) {
    case 'client':
      // A refusal has a reason, a missing process has none; without a listener there is nothing to correct.
      if (incident.reason === null && incident.action === 'none')
        return {
          title: `No listener ${isOpen ? 'looks' : 'looked'} for news at ${who}`,
          tone: 'bad',
          told: 'No owner is told: mail still arrives, more slowly.',
        };
      if (incident.reason === null)
        return {
          title: isOpen
            ? `No worker serves ${who}: ${channels} ${incident.channels === 1 ? 'stands' : 'stand'} still`
            : `No worker served ${who}`,
          tone: 'bad',
          told: 'No owner is told: the people can do nothing about it.',
        };
      return {
        title: isOpen
          ? `${who} refuses our client: ${channels} ${incident.channels === 1 ? 'waits' : 'wait'}`
          : `${who} refused our client`,
        tone: 'bad',
        told: 'No owner is told: the people can do nothing about it.',
      };
    case 'provider':
      if (incident.action === 'contact_support')
        return {
          title: `${who} ${isOpen ? 'has been' : 'was'} in trouble for more than a day: ${channels}`,
          tone: 'bad',
          told: 'No owner is told: it is between you and those who run it.',
        };
      return incident.action === 'reauthorize'
        ? {
            title: `${who} asks for ${count(incident.channels)} sign-ins at once, of ${plural(incident.tenants, 'tenant')}`,
            tone: 'bad',
            told: 'The people are told once you have looked.',
          }
        : {
            title: `${who} ${isOpen ? 'is' : 'was'} in trouble: ${channels} ${isOpen ? 'retry by themselves' : 'retried by themselves'}`,
            tone: 'warn',
            told: 'No owner is told: nothing is lost, and there is nothing for them to do.',
          };
    case 'key':
      return {
        title: 'An API key behaves unlike before',
        tone: 'bad',
        told: 'No owner is told.',
      };
    case 'channel':
      return { title: 'A channel is in trouble', tone: incident.action === 'none' ? 'warn' : 'bad', told: '' };
  }
}

/** Whether the operator has to act, and not the provider or an owner. */
export const isOperators = ({ scope, action }: Incident) =>
  scope === 'client' || scope === 'key' || (scope === 'provider' && action !== 'none');
