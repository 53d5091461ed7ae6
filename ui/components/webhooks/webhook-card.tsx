import { useState } from 'react';
import { Button } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { call } from '../../data/client.ts';
import { deliveriesQuery } from '../../data/queries.ts';
import type { WebhookEndpoint } from '../../../api/schemas/webhooks.ts';
import { plural } from '../../words/time.ts';
import { Ago, Ahead } from '../clock.tsx';
import { Copyable } from '../copyable.tsx';
import { Loading } from '../loading.tsx';
import { ProblemNotice } from '../notice.tsx';
import { DeliveryLine } from './delivery-line.tsx';
import { EndpointTools } from './endpoint-tools.tsx';

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
      {!endpoint.disabled && <EndpointTools endpoint={endpoint} />}
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
