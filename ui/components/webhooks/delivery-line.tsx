import { useState } from 'react';
import { Button } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { call } from '../../data/client.ts';
import type { WebhookDelivery, WebhookEndpoint } from '../../../api/schemas/webhooks.ts';
import type { Tone } from '../../words/words.ts';
import { Ago, Ahead } from '../clock.tsx';
import { ProblemNotice } from '../notice.tsx';
import { DeliveryDetail } from './delivery-detail.tsx';

const STATES: Record<WebhookDelivery['state'], { word: string; tone: Tone }> = {
  pending: { word: 'Waiting', tone: 'warn' },
  delivered: { word: 'Delivered', tone: 'good' },
  failed: { word: 'Failed', tone: 'bad' },
};

/** A delivery: what became of it; opened, what was sent and what was answered. */
export function DeliveryLine({ delivery, endpoint }: { delivery: WebhookDelivery; endpoint: WebhookEndpoint }) {
  const client = useQueryClient();
  const again = useMutation({
    mutationFn: () => call('POST', `/v1/deliveries/${encodeURIComponent(delivery.id)}/redeliver`),
    onSuccess: () => client.invalidateQueries({ queryKey: ['deliveries', endpoint.id] }),
  });
  const [isOpen, setOpen] = useState(false);
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
      <span className="delivery-actions">
        <Button variant="subtle" size="compact-sm" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          {isOpen ? 'Close' : 'Look'}
        </Button>
        <Button variant="default" size="compact-sm" disabled={again.isPending} onClick={() => again.mutate()}>
          {again.isPending ? 'Sending…' : 'Redeliver'}
        </Button>
      </span>
      {isOpen && <DeliveryDetail id={delivery.id} />}
    </li>
  );
}
