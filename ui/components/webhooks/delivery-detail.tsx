import { useQuery } from '@tanstack/react-query';
import type { WebhookDeliveryDetail } from '../../../api/schemas/webhooks.ts';
import { deliveryQuery } from '../../data/queries.ts';
import { Ago } from '../clock.tsx';
import { Loading } from '../loading.tsx';

/** What was posted, and what the endpoint answered each time. */
export function DeliveryDetail({ id }: { id: string }) {
  const delivery = useQuery(deliveryQuery(id));
  if (!delivery.data) return <Loading query={delivery}>Loading the delivery…</Loading>;
  const { request, attempts } = delivery.data;
  return (
    <div className="delivery-detail">
      <h3>Sent</h3>
      <pre className="code" tabIndex={0} aria-label="The request">
        {Object.entries(request.headers)
          .map(([name, value]) => `${name}: ${value}\n`)
          .join('')}
        {'\n'}
        {indented(request.body)}
      </pre>
      <h3>Answered</h3>
      {attempts.length === 0 && <p className="hint">No attempt yet.</p>}
      <ol className="attempts">
        {attempts.map((attempt) => (
          <Attempt key={attempt.at} attempt={attempt} />
        ))}
      </ol>
    </div>
  );
}

function Attempt({
  attempt: { at, status, ms, response, error },
}: {
  attempt: WebhookDeliveryDetail['attempts'][number];
}) {
  return (
    <li>
      <span className={`word tone-${error === null ? 'good' : 'bad'}`}>{status ?? 'No answer'}</span>{' '}
      <span className="meta">
        after {ms} ms · <Ago at={at} />
        {error !== null && ` · ${error}`}
      </span>
      {response && (
        <pre className="code" tabIndex={0} aria-label="The answer">
          {response}
        </pre>
      )}
    </li>
  );
}

const indented = (body: string) => JSON.stringify(JSON.parse(body), null, 2);
