import { Button } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import type { NewApiKey } from '../../../api/schemas/api-keys.ts';
import { call } from '../../data/client.ts';
import { Copyable } from '../copyable.tsx';
import { ProblemNotice } from '../notice.tsx';

const SCOPES = ['channels:read', 'messages:read', 'links:write', 'tokens:read'];

/** The same by the API. A key is made when it is asked for, and shown this once: the web UI keeps none. */
export function CurlLines() {
  const make = useMutation({
    mutationFn: () => call<NewApiKey>('POST', '/v1/api-keys', { name: 'First steps', scopes: SCOPES }),
  });
  const key = make.data?.api_key ?? '$KEY';
  return (
    <details className="more curl-lines">
      <summary>The same by the API</summary>
      {LINES.map(({ says, line }) => (
        <div key={says}>
          <p className="meta">{says}</p>
          <Copyable value={line(window.location.origin, key)} label="command" />
        </div>
      ))}
      {make.error && <ProblemNotice error={make.error} />}
      {make.data ? (
        <p className="hint">
          The key stands in the lines and is shown only now. It reads and makes links, nothing else.
        </p>
      ) : (
        <Button variant="default" disabled={make.isPending} onClick={() => make.mutate()}>
          {make.isPending ? 'Making a key…' : 'Make a key for these lines'}
        </Button>
      )}
    </details>
  );
}

const LINES: { says: string; line: (origin: string, key: string) => string }[] = [
  {
    says: 'A link that a person connects a mailbox with:',
    line: (origin, key) =>
      `curl -s ${origin}/v1/links -H 'authorization: Bearer ${key}' -H 'content-type: application/json' -d '{"tenant":"acme"}'`,
  },
  { says: 'The channels:', line: (origin, key) => `curl -s ${origin}/v1/channels -H 'authorization: Bearer ${key}'` },
  { says: 'Their messages:', line: (origin, key) => `curl -s ${origin}/v1/messages -H 'authorization: Bearer ${key}'` },
];
