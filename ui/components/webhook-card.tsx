import { useState } from 'react';
import { Button } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { call } from '../data/client.ts';
import { deliveriesQuery } from '../data/queries.ts';
import type { WebhookDelivery, WebhookEndpoint } from '../../api/schemas/webhooks.ts';
import { plural } from '../words/time.ts';
import type { Tone } from '../words/words.ts';
import { Ago, Ahead } from './clock.tsx';
import { Copyable } from './copyable.tsx';
import { Loading } from './loading.tsx';
import { ProblemNotice } from './notice.tsx';

export function WebhookCard({ endpoint }: { endpoint: WebhookEndpoint }) {
  const [open, setOpen] = useState(false);
  const [sure, setSure] = useState(false);
  const client = useQueryClient();
  const remove = useMutation({
    mutationFn: () => call('DELETE', `/v1/webhook-endpoints/${encodeURIComponent(endpoint.id)}`),
    onSuccess: () => client.invalidateQueries({ queryKey: ['webhooks'] }),
  });
  const toggle = useMutation({
    mutationFn: () =>
      call('PATCH', `/v1/webhook-endpoints/${encodeURIComponent(endpoint.id)}`, { disabled: !endpoint.disabled }),
    onSuccess: () => client.invalidateQueries({ queryKey: ['webhooks'] }),
  });
  return (
    <section className="panel webhook" aria-label={`Endpoint ${endpoint.url}`}>
      <header>
        <h2 className="address">{endpoint.url}</h2>
        <p className="meta">
          {endpoint.events === null ? 'Every event' : endpoint.events.join(', ')}
          {endpoint.tenant ? ` of ${endpoint.tenant}` : ' of every tenant'}
          {endpoint.disabled && ' · switched off'}
          <Copyable value={endpoint.id} label="endpoint id" />
        </p>
        {endpoint.failing && !endpoint.disabled && <Failing failing={endpoint.failing} />}
      </header>
      <div className="actions">
        <Button variant="default" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? 'Hide deliveries' : 'Deliveries'}
        </Button>
        <Button variant="default" disabled={toggle.isPending} onClick={() => toggle.mutate()}>
          {endpoint.disabled ? 'Switch on' : 'Switch off'}
        </Button>
        {sure ? (
          <>
            <Button className="danger-filled" disabled={remove.isPending} onClick={() => remove.mutate()}>
              {remove.isPending ? 'Deleting…' : 'Delete for good'}
            </Button>
            <Button variant="default" onClick={() => setSure(false)}>
              Keep it
            </Button>
          </>
        ) : (
          <Button variant="subtle" className="danger" onClick={() => setSure(true)}>
            Delete
          </Button>
        )}
      </div>
      {(remove.error ?? toggle.error) && <ProblemNotice error={remove.error ?? toggle.error} />}
      {open && <Deliveries endpoint={endpoint} />}
    </section>
  );
}

function Failing({ failing }: { failing: NonNullable<WebhookEndpoint['failing']> }) {
  return (
    <p className="meta">
      <span className="word tone-warn">Failing</span> since <Ago at={failing.since} />,{' '}
      {plural(failing.failures, 'attempt', 'attempts')} {failing.lane === 'messages' && 'to tell of messages '}in a row
      {failing.waits_until && (
        <>
          . Deliveries wait; the next attempt is made <Ahead at={failing.waits_until} />
        </>
      )}
      .
    </p>
  );
}

function Deliveries({ endpoint }: { endpoint: WebhookEndpoint }) {
  const deliveries = useQuery(deliveriesQuery(endpoint.id));
  if (!deliveries.data) return <Loading query={deliveries}>Loading the deliveries…</Loading>;
  if (deliveries.data.data.length === 0) return <p className="hint">Nothing was delivered yet.</p>;
  return (
    <ol className="deliveries">
      {deliveries.data.data.map((delivery) => (
        <DeliveryLine key={delivery.id} delivery={delivery} endpoint={endpoint} />
      ))}
    </ol>
  );
}

const STATES: Record<WebhookDelivery['state'], { word: string; tone: Tone }> = {
  pending: { word: 'Waiting', tone: 'warn' },
  delivered: { word: 'Delivered', tone: 'good' },
  failed: { word: 'Failed', tone: 'bad' },
};

function DeliveryLine({ delivery, endpoint }: { delivery: WebhookDelivery; endpoint: WebhookEndpoint }) {
  const client = useQueryClient();
  const again = useMutation({
    mutationFn: () => call('POST', `/v1/deliveries/${encodeURIComponent(delivery.id)}/redeliver`),
    onSuccess: () => client.invalidateQueries({ queryKey: ['deliveries', endpoint.id] }),
  });
  const { word, tone } = STATES[delivery.state];
  return (
    <li>
      <span className={`word tone-${tone}`}>{word}</span>
      <span className="delivery-words">
        <code>{delivery.event.type}</code>
        {delivery.redelivery > 0 && <span className="meta"> sent again</span>}
        <span className="meta">
          <Ago at={delivery.delivered_at ?? delivery.last_attempt_at ?? delivery.created_at} />
          {delivery.attempts > 1 && ` · ${delivery.attempts} attempts`}
          {delivery.last_status !== null && delivery.state !== 'delivered' && ` · answered ${delivery.last_status}`}
          {delivery.last_error && ` · ${delivery.last_error}`}
          {delivery.state === 'pending' && delivery.next_attempt_at && (
            <>
              {' '}
              · again <Ahead at={delivery.next_attempt_at} />
            </>
          )}
        </span>
        {again.error && <ProblemNotice error={again.error} />}
      </span>
      <Button variant="default" size="compact-sm" disabled={again.isPending} onClick={() => again.mutate()}>
        {again.isPending ? 'Sending…' : 'Redeliver'}
      </Button>
    </li>
  );
}
