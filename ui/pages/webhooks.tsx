import { useState } from 'react';
import { Button, Checkbox, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { EVENT_TYPES, isDelivered } from '../../domain/event.ts';
import type { EventType } from '../../domain/event.ts';
import { call } from '../data/client.ts';
import { Copyable } from '../components/copyable.tsx';
import { Loading } from '../components/loading.tsx';
import { Notice, ProblemNotice } from '../components/notice.tsx';
import { WebhookCard } from '../components/webhooks/webhook-card.tsx';
import { webhooksQuery } from '../data/queries.ts';
import type { NewWebhookEndpoint } from '../../api/schemas/webhooks.ts';
import { plural } from '../words/time.ts';

export function WebhooksPage() {
  const endpoints = useQuery(webhooksQuery);
  const [made, setMade] = useState<NewWebhookEndpoint | null>(null);
  return (
    <>
      <title>Webhooks – Mooring</title>
      <div className="page-head">
        <h1>Webhooks</h1>
      </div>
      <p className="lead">
        Mooring tells these addresses what happens to your channels, signed, at least once, in the Standard Webhooks
        way.
      </p>
      {made && <NewSecret endpoint={made} onDone={() => setMade(null)} />}
      <CreateEndpoint onMade={setMade} />
      <Loading query={endpoints}>Loading the endpoints…</Loading>
      {endpoints.data?.data.length === 0 && (
        <p className="empty">No endpoint yet. Enter the address of yours above; it gets every event from then on.</p>
      )}
      {endpoints.data?.data.map((endpoint) => (
        <WebhookCard key={endpoint.id} endpoint={endpoint} />
      ))}
    </>
  );
}

function NewSecret({ endpoint, onDone }: { endpoint: NewWebhookEndpoint; onDone: () => void }) {
  return (
    <Notice tone="good" title="Copy the secret now; it is shown only once">
      <p>
        Your receiver checks the signatures of <span className="address">{endpoint.url}</span> with it.
      </p>
      <p>
        <Copyable value={endpoint.secret} label="webhook secret" />
      </p>
      <Button variant="default" size="compact-sm" onClick={onDone}>
        I have copied it
      </Button>
    </Notice>
  );
}

function CreateEndpoint({ onMade }: { onMade: (endpoint: NewWebhookEndpoint) => void }) {
  const client = useQueryClient();
  const [url, setUrl] = useState('');
  const [events, setEvents] = useState<EventType[]>([]);
  const [tenant, setTenant] = useState('');
  const create = useMutation({
    mutationFn: () =>
      call<NewWebhookEndpoint>('POST', '/v1/webhook-endpoints', {
        url: url.trim(),
        ...(events.length > 0 && { events }),
        ...(tenant.trim() && { tenant: tenant.trim() }),
      }),
    onSuccess: async (endpoint) => {
      onMade(endpoint);
      setUrl('');
      setEvents([]);
      await client.invalidateQueries({ queryKey: ['webhooks'] });
    },
  });
  return (
    <form
      className="panel stack"
      aria-label="Add an endpoint"
      onSubmit={(event) => {
        event.preventDefault();
        create.mutate();
      }}
    >
      <div className="inline-form">
        <TextInput
          label="Address of the endpoint"
          type="url"
          placeholder="https://example.com/webhooks/mooring"
          required
          withAsterisk={false}
          value={url}
          onChange={(event) => setUrl(event.currentTarget.value)}
        />
        <Button type="submit" disabled={create.isPending}>
          {create.isPending ? 'Adding…' : 'Add endpoint'}
        </Button>
      </div>
      <EndpointScope tenant={tenant} events={events} onTenant={setTenant} onEvents={setEvents} />
      {create.error && <ProblemNotice error={create.error} />}
    </form>
  );
}

interface ScopeProps {
  tenant: string;
  events: EventType[];
  onTenant: (tenant: string) => void;
  onEvents: (events: EventType[]) => void;
}

function EndpointScope({ tenant, events, onTenant, onEvents }: ScopeProps) {
  return (
    <details className="more">
      <summary>
        {events.length === 0 ? 'Every event' : plural(events.length, 'kind of event', 'kinds of event')}
        {tenant.trim() ? `, of ${tenant.trim()}` : ', of every tenant'}
      </summary>
      <div className="stack">
        <TextInput
          label="Tenant"
          description="Leave empty for the events of every tenant"
          value={tenant}
          onChange={(event) => onTenant(event.currentTarget.value)}
        />
        <EventChoice events={events} onChange={onEvents} />
      </div>
    </details>
  );
}

function EventChoice({ events, onChange }: { events: EventType[]; onChange: (events: EventType[]) => void }) {
  return (
    <fieldset className="event-choice">
      <legend>Events; none chosen means all</legend>
      {EVENT_TYPES.filter(isDelivered).map((type) => (
        <Checkbox
          key={type}
          label={<code>{type}</code>}
          checked={events.includes(type)}
          onChange={(event) =>
            onChange(event.currentTarget.checked ? [...events, type] : events.filter((one) => one !== type))
          }
        />
      ))}
    </fieldset>
  );
}
