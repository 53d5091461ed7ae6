import { z } from 'zod';
import { LOGIN_PLACE_KINDS } from '../../domain/words/login-places.ts';
import { PASSWORD_NOTE_KINDS } from '../../domain/words/password-notes.ts';
import { accessType, providerName } from './parts.ts';

const provider = z.string().describe('Who runs the account, as a sentence names it: “Google”, “the mail server”');

/** What a channel's access is called. */
export const accessOut = z.object({
  label: z.string().describe('What people call the access type: “Gmail”'),
  provider,
  causes: z
    .record(z.string(), z.string())
    .describe('Sentences for reasons of which this provider’s answers tell less than the reason’s name'),
});

const passwordOut = z.object({
  server: z
    .object({
      asks: z
        .enum(['host', 'url'])
        .describe(
          '`host`: name, port and encryption, found by the address where left out; `url`: the address of a service',
        ),
      label: z.string().describe('What the field is called'),
      example: z.string().describe('What an entry looks like'),
    })
    .describe('What the form asks about the server'),
  smtp: z
    .boolean()
    .describe(
      'Whether another server sends, which a link that asks for sending needs; false: the same server reads and sends',
    ),
  notes: z
    .array(
      z.object({
        domains: z.array(z.string()).describe('Domains of addresses'),
        kind: z.enum(PASSWORD_NOTE_KINDS).describe('Which note it is, for words in another language'),
        name: z.string().describe('What people call the provider'),
        text: z.string().describe('What to know before signing in with a password there'),
      }),
    )
    .describe('What to know about large providers'),
});

export const signInOut = z
  .object({
    access_type: accessType,
    label: accessOut.shape.label,
    provider,
    hint: z.string().describe('Which accounts it is for'),
    reaches_mailbox: z
      .boolean()
      .describe('Whether its account is a mailbox, which other access types may reach as well'),
    imports: z.boolean().describe('Whether anything of the accounts can be imported'),
    oauth: z
      .array(
        z.object({
          provider: providerName.describe('The `provider` of the authorize call'),
          label: z.string().describe('What people call it'),
          logins: z
            .object({
              places: z
                .array(
                  z.object({
                    kind: z.enum(LOGIN_PLACE_KINDS).describe('Which place it is, for words in another language'),
                    url: z.string().describe('The `login` of the authorize call'),
                    label: z.string().describe('What people call it'),
                  }),
                )
                .describe(
                  'The places that serve many customers, or that the operator chose; the first is the usual one',
                ),
              example: z.string().describe('What an organization’s own address looks like'),
            })
            .nullable()
            .describe('The places where people sign in, if a person has to know theirs; null: there is one'),
          reads_shared: z.boolean().describe('Whether a login opens a shared mailbox that it was given access to'),
        }),
      )
      .describe('The providers at whose page a person can sign in'),
    password: passwordOut.nullable().describe('The password form; null: there is none'),
  })
  .meta({ id: 'SignIn', description: 'How people sign in with an access type' });
export type SignIn = z.infer<typeof signInOut>;
