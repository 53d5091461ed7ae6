import { useState } from 'react';
import { Button, Checkbox, NativeSelect } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { EVENT_TYPES, isDelivered } from '../../../domain/event.ts';
import type { WebhookDelivery, WebhookEndpoint } from '../../../api/schemas/webhooks.ts';
import { call, serverNow } from '../../data/client.ts';
import { plural } from '../../words/time.ts';
import { Copyable } from '../copyable.tsx';
import { Notice, ProblemNotice } from '../notice.tsx';

const pathOf = ({ id }: WebhookEndpoint, what: string) => `/v1/webhook-endpoints/${encodeURIComponent(id)}/${what}`;

/** What the developer of a receiver needs: an event to try it, what it missed, and another secret. */
export function EndpointTools({ endpoint }: { endpoint: WebhookEndpoint }) {
  return (
    <details className="more">
      <summary>Test, replay and secret</summary>
      <div className="stack">
        <TestEvent endpoint={endpoint} />
        <Replay endpoint={endpoint} />
        <Rotation endpoint={endpoint} />
      </div>
    </details>
  );
}

function useDeliveriesOf(endpoint: WebhookEndpoint) {
  const client = useQueryClient();
  return () => client.invalidateQueries({ queryKey: ['deliveries', endpoint.id] });
}

function TestEvent({ endpoint }: { endpoint: WebhookEndpoint }) {
  const types = endpoint.events ?? EVENT_TYPES.filter(isDelivered);
  const [type, setType] = useState<string>(types[0] ?? 'channel.connected');
  const send = useMutation({
    mutationFn: () => call<WebhookDelivery>('POST', pathOf(endpoint, 'test'), { type }),
    onSuccess: useDeliveriesOf(endpoint),
  });
  return (
    <div className="tool">
      <NativeSelect
        label="Test event"
        value={type}
        data={[...types]}
        onChange={(event) => setType(event.currentTarget.value)}
      />
      <Button variant="default" disabled={send.isPending} onClick={() => send.mutate()}>
        {send.isPending ? 'Sending…' : 'Send a test'}
      </Button>
      {send.data && <Notice tone="quiet">It is on its way; it stands among the deliveries.</Notice>}
      {send.error && <ProblemNotice error={send.error} />}
    </div>
  );
}

const HOUR_MS = 3_600_000;
const SPANS = [
  { value: '1', label: 'The last hour' },
  { value: '24', label: 'The last day' },
  { value: '168', label: 'The last week' },
  { value: '720', label: 'The last 30 days' },
];

function Replay({ endpoint }: { endpoint: WebhookEndpoint }) {
  const [hours, setHours] = useState('24');
  const [onlyFailed, setOnlyFailed] = useState(true);
  const replay = useMutation({
    mutationFn: () =>
      call<{ count: number }>('POST', pathOf(endpoint, 'replay'), {
        since: new Date(serverNow() - Number(hours) * HOUR_MS).toISOString(),
        ...(onlyFailed && { states: ['failed'] }),
      }),
    onSuccess: useDeliveriesOf(endpoint),
  });
  return (
    <div className="tool">
      <NativeSelect
        label="Deliver again"
        value={hours}
        data={SPANS}
        onChange={(event) => setHours(event.currentTarget.value)}
      />
      <Checkbox
        label="Only what failed"
        checked={onlyFailed}
        onChange={(event) => setOnlyFailed(event.currentTarget.checked)}
      />
      <Button variant="default" disabled={replay.isPending} onClick={() => replay.mutate()}>
        {replay.isPending ? 'Starting…' : 'Replay'}
      </Button>
      {replay.data && <Notice tone="quiet">{plural(replay.data.count, 'event')} on the way again.</Notice>}
      {replay.error && <ProblemNotice error={replay.error} />}
    </div>
  );
}

const OVERLAPS = [
  { value: '86400', label: 'The old one signs too, for a day' },
  { value: '604800', label: 'The old one signs too, for a week' },
  { value: '0', label: 'The old one ends now' },
];

function Rotation({ endpoint }: { endpoint: WebhookEndpoint }) {
  const [overlap, setOverlap] = useState('86400');
  const client = useQueryClient();
  const rotate = useMutation({
    mutationFn: () =>
      call<{ secret: string }>('POST', pathOf(endpoint, 'rotate-secret'), { overlap_s: Number(overlap) }),
    onSuccess: () => client.invalidateQueries({ queryKey: ['webhooks'] }),
  });
  return (
    <div className="tool">
      <NativeSelect
        label="Another secret"
        value={overlap}
        data={OVERLAPS}
        onChange={(event) => setOverlap(event.currentTarget.value)}
      />
      <Button variant="default" disabled={rotate.isPending} onClick={() => rotate.mutate()}>
        {rotate.isPending ? 'Making it…' : 'Rotate the secret'}
      </Button>
      {rotate.data && (
        <Notice tone="good" title="Copy the secret now; it is shown only once">
          <Copyable value={rotate.data.secret} label="webhook secret" />
        </Notice>
      )}
      {rotate.error && <ProblemNotice error={rotate.error} />}
    </div>
  );
}
