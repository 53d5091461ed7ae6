import { useState } from 'react';
import { Button, PasswordInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useSearchParams } from 'react-router';
import { call, ProblemError } from '../data/client.ts';
import { Notice, ProblemNotice } from '../components/notice.tsx';
import { Wordmark } from '../components/wordmark.tsx';

/** The key is exchanged for a session cookie and kept nowhere in the browser. */
export function SignInPage() {
  const [apiKey, setApiKey] = useState('');
  const client = useQueryClient();
  const [parameters] = useSearchParams();
  const signIn = useMutation({
    mutationFn: (key: string) => call('POST', '/ui/session', { api_key: key }),
    onSuccess: () => client.invalidateQueries({ queryKey: ['session'] }),
  });
  const refused = signIn.error instanceof ProblemError && [400, 401, 403].includes(signIn.error.problem.status);
  return (
    <main className="narrow">
      <title>Sign in – Mooring</title>
      <form
        className="card"
        onSubmit={(event) => {
          event.preventDefault();
          signIn.mutate(apiKey.trim());
        }}
      >
        <Wordmark />
        <h1>Sign in</h1>
        {parameters.get('login') === 'invalid' && (
          <Notice tone="warn">This login link is over; it lives as long as the start that printed it.</Notice>
        )}
        <PasswordInput
          label="API key"
          description="It begins with mk_. It is used once, to sign this browser in, and is not kept here."
          autoComplete="off"
          required
          withAsterisk={false}
          autoFocus
          value={apiKey}
          error={refused ? 'This key is not accepted. Please check that it was copied whole.' : undefined}
          aria-invalid={refused}
          onChange={(event) => setApiKey(event.currentTarget.value)}
        />
        {signIn.error && !refused && <ProblemNotice error={signIn.error} />}
        <Button type="submit" fullWidth disabled={signIn.isPending}>
          {signIn.isPending ? 'Signing in…' : 'Sign in'}
        </Button>
        <p className="hint">
          On your own machine, <code>npm start</code> prints a login link that does this for you; the key is in the
          state folder.
        </p>
      </form>
    </main>
  );
}
