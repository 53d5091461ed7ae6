import { describe, expect, test } from 'vitest';
import { CALLS } from '../../api/calls.ts';
import { openApiDocument } from '../../api/http/openapi.ts';
import { WEBHOOKS, eventDataOut } from '../../api/schemas/event-data.ts';
import { sampleEventData, sampleWebhook } from '../../api/schemas/event-samples.ts';
import { EVENT_TYPES, isDelivered, isEmitted } from '../../domain/event.ts';

const document = openApiDocument([...CALLS.health, ...CALLS.all], 'http://127.0.0.1:3000');

describe('webhooks in the OpenAPI document', () => {
  test('are every type that is delivered', () => {
    const delivered = EVENT_TYPES.filter(isEmitted).filter(isDelivered);
    expect(Object.keys(document.webhooks ?? {})).toEqual(delivered);
  });

  test.each([...WEBHOOKS])('%s has a sample that is what its schema says', (type, schema) => {
    const sample = sampleWebhook(type);
    expect(schema.parse(sample)).toEqual(sample);
    expect(eventDataOut(type).parse(sampleEventData(type))).toEqual(sampleEventData(type));
    expect(document.webhooks?.[type]?.post?.requestBody).toMatchObject({
      content: { 'application/json': { example: sample } },
    });
  });
});
