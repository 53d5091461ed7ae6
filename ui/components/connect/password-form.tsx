import { useEffect, useRef, useState } from 'react';
import { Button, PasswordInput, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useNavigate } from 'react-router';
import { call, ProblemError } from '../../data/client.ts';
import { describeFailure } from '../../words/connect/describe-failure.ts';
import type { Failure } from '../../words/connect/describe-failure.ts';
import type { FormField } from '../../../domain/words/sign-in-failures.ts';
import { domainOf, rememberedServer, rememberServer } from '../../data/remembered-server.ts';
import { linkPath, linkQuery } from '../../data/link-queries.ts';
import { passwordBody, serverEntry, smtpEntry } from '../../data/password-body.ts';
import type { PasswordEntry } from '../../data/password-body.ts';
import type { ConnectSession } from '../../../api/schemas/connect.ts';
import type { SignIn } from '../../../api/schemas/sign-in.ts';
import { productPage } from '../../data/product-page.ts';
import { forgetLink, rememberedLink } from '../../data/started-here.ts';
import { OtherAuthentication } from './other-authentication.tsx';
import { ServerAddress, ServerSettings } from './server-settings.tsx';
import { SmtpSettings } from './smtp-settings.tsx';
import { FailureNotice, useProviderParts } from './sign-in-failure.tsx';
import { useWords } from './speaking.tsx';

interface FormProps {
  link: string;
  session: ConnectSession;
  way: SignIn;
  asks: PasswordQuestions;
  /** The sign-in changes how the account is reached. */
  changes: boolean;
}

type PasswordQuestions = NonNullable<SignIn['password']>;

/** Sign-in with a password. It is tested by a real login before anything is stored; errors stand at their field. */
export function PasswordForm({ link, session, way, asks, changes }: FormProps) {
  const { words, product } = useWords();
  const { form: texts, page } = words;
  const parts = useProviderParts(way);
  const account = session.channel?.account.email;
  // The server of another access is none of this one.
  const own = session.channel?.access_type === way.access_type ? session.channel : null;
  const [entry, setEntry] = useState<PasswordEntry>(() => ({
    username: own?.account.login ?? account ?? '',
    password: '',
    ...rememberedServer(account ?? ''),
    ...serverEntry(own?.server),
    ...smtpEntry(own?.smtp),
  }));
  const change = (part: Partial<PasswordEntry>) => setEntry((before) => ({ ...before, ...part }));
  const attempt = useAttempt(link, session, { accessType: way.access_type, asks: asks.server.asks });
  const failure = attempt.error
    ? failureOf(attempt.error)
    : session.result?.status === 'failed'
      ? session.result
      : null;
  const described = failure && describeFailure(words, failure, { ...parts, product });
  const field = attempt.isPending ? null : (described?.field ?? null);
  const form = useFocusOn(field, attempt.failureCount + attempt.submittedAt);
  const error = (name: FormField) => (field === name ? described?.sentence : undefined);
  return (
    <form
      ref={form}
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        attempt.mutate(entry);
      }}
    >
      {failure && !attempt.isPending && <FailureNotice {...{ failure, way, changes }} brief={field !== null} />}
      {failure?.alternative === 'basic' && entry.password !== '' && !attempt.isPending && (
        <OtherAuthentication onTry={() => attempt.mutate({ ...entry, authentication: 'basic' })} />
      )}
      <Credentials entry={entry} notes={asks.notes} error={error} onChange={change} />
      {asks.server.asks === 'url' ? (
        <ServerAddress asks={asks.server} entry={entry} error={error('host')} onChange={change} />
      ) : (
        <ServerSettings
          asks={asks.server}
          entry={entry}
          open={SERVER_FIELDS.has(field)}
          sandboxPage={session.sandbox_page}
          error={error}
          onChange={change}
        />
      )}
      {asks.smtp && session.uses.includes('send') && (
        <SmtpSettings entry={entry} error={error('smtp')} onChange={change} />
      )}
      <Button type="submit" fullWidth size="md" disabled={attempt.isPending}>
        {attempt.isPending ? texts.testing : failure ? page.tryAgain : account ? texts.signIn : texts.connect}
      </Button>
      <p className="hint">{texts.safe}</p>
    </form>
  );
}

const SERVER_FIELDS = new Set<FormField>(['host', 'port', 'security']);

function useAttempt(
  link: string,
  session: ConnectSession,
  { accessType, asks }: { accessType: SignIn['access_type']; asks: PasswordQuestions['server']['asks'] },
) {
  const client = useQueryClient();
  const leave = useLeave(link, session);
  return useMutation({
    mutationKey: ['password', link, accessType],
    mutationFn: (entry: PasswordEntry) =>
      call<{ channel: { id: string } }>('POST', `${linkPath(link)}/password`, passwordBody(accessType, asks, entry)),
    onSuccess: async ({ channel }, entry) => {
      rememberServer(entry.username, entry);
      await leave(channel.id);
    },
    onError: async (error) => {
      if (!(error instanceof ProblemError) || error.problem.status === 0) return;
      // The link keeps what became of its last attempt.
      if (error.problem.status !== 410) return void client.invalidateQueries({ queryKey: ['link', link] });
      // An earlier try may have got through without its answer reaching this page.
      const { result } = await client.fetchQuery({ ...linkQuery(link), staleTime: 0 });
      if (result?.status === 'connected') await leave(result.channel);
    },
  });
}

/** Where a person goes after the sign-in: the channel's page, the product, or the words of this page. */
function useLeave(link: string, session: ConnectSession): (channelId: string) => Promise<void> {
  const client = useQueryClient();
  const navigate = useNavigate();
  return async (channelId) => {
    if (rememberedLink() === linkPath(link)) {
      forgetLink();
      await navigate(`/channels/${encodeURIComponent(channelId)}`, { replace: true });
    } else if (session.return_to && !productPage(session)) {
      const target = new URL(session.return_to);
      target.searchParams.set('channel', channelId);
      target.searchParams.set('status', 'connected');
      window.location.assign(target);
    } else {
      await client.invalidateQueries({ queryKey: ['link', link] });
    }
  };
}

function failureOf(error: unknown): Failure {
  return error instanceof ProblemError ? error.problem : { code: 'unknown', detail: '' };
}

/** Puts the cursor where the mistake is, after every attempt. */
function useFocusOn(field: FormField, attempt: number) {
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (field !== null && attempt > 0) form.current?.querySelector<HTMLElement>(`[name="${field}"]`)?.focus();
  }, [field, attempt]);
  return form;
}

interface CredentialsProps {
  entry: PasswordEntry;
  notes: PasswordQuestions['notes'];
  error: (field: FormField) => string | undefined;
  onChange: (part: Partial<PasswordEntry>) => void;
}

function Credentials({ entry, notes, error, onChange }: CredentialsProps) {
  const { words, say } = useWords();
  const { form: texts } = words;
  const [visible, setVisible] = useState(false);
  const note = notes.find(({ domains }) => domains.includes(domainOf(entry.username)));
  return (
    <>
      <TextInput
        name="username"
        label={texts.username}
        autoComplete="username"
        inputMode="email"
        required
        withAsterisk={false}
        value={entry.username}
        error={error('username')}
        onChange={(event) => onChange({ username: event.currentTarget.value })}
      />
      <PasswordInput
        name="password"
        label={texts.password}
        description={note && say(texts.notes[note.kind], { name: note.name })}
        visible={visible}
        onVisibilityChange={setVisible}
        visibilityToggleButtonProps={{ 'aria-label': visible ? texts.hidePassword : texts.showPassword }}
        autoComplete="current-password"
        required
        withAsterisk={false}
        value={entry.password}
        error={error('password')}
        aria-invalid={error('password') !== undefined}
        onChange={(event) => onChange({ password: event.currentTarget.value })}
      />
    </>
  );
}
