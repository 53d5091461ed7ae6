import { describe, expect, test } from 'vitest';
import { CALLS } from '../../api/calls.ts';
import { fieldErrors, issueWords } from '../../api/http/issue-words.ts';
import { openApiDocument } from '../../api/openapi.ts';
import { WEBHOOKS, eventDataOut } from '../../api/schemas/events/event-data.ts';
import { sampleEventData, sampleWebhook } from '../../api/schemas/events/event-samples.ts';
import { EVENT_TYPES, isDelivered } from '../../domain/event.ts';

const document = openApiDocument([...CALLS.health, ...CALLS.all], 'http://127.0.0.1:3000');

const calls = [...CALLS.health, ...CALLS.all];

/** Of the body of a call, by the component that is named for it. */
function fieldsOf(operationId: string): object {
  const name = `${operationId[0]?.toUpperCase()}${operationId.slice(1)}Request`;
  const { properties = {} } = (document.components?.schemas?.[name] ?? {}) as { properties?: object };
  return properties;
}

describe('the OpenAPI document', () => {
  test('names every call once, and every component', () => {
    const ids = calls.map(({ operationId }) => operationId);
    expect(ids.filter((id, at) => ids.indexOf(id) !== at || !/^[a-z]+([A-Z][a-z]*)*$/.test(id))).toEqual([]);
    expect(Object.keys(document.components?.schemas ?? {}).filter((name) => name.startsWith('_'))).toEqual([]);
  });

  test.each(
    calls.flatMap(({ operationId, body, example }) =>
      body && operationId !== 'receivePush' ? [[operationId, body, example] as const] : [],
    ),
  )('%s has an example of its body that validates', (_, body, example) => {
    expect(example).toBeDefined();
    expect(body.safeParse(example).error).toBeUndefined();
  });

  test.each(calls.flatMap(({ operationId, body }) => (body ? [[operationId, body] as const] : [])))(
    'says in plain words what is wrong with a request of %s',
    (operationId, body) => {
      const names = Object.keys(fieldsOf(operationId));
      expect(names.length > 0).toBe(operationId !== 'renewLink');
      const wrong = [undefined, null, '', 'x'.repeat(400), [], ['', ''], 0, -1, 1e9, 0.5, true, {}, { x: 1 }];
      const words = names.flatMap((name) =>
        wrong.flatMap((value) => {
          const { error } = body.safeParse({ [name]: value }, { error: issueWords });
          return fieldErrors('body', error?.issues ?? []).map(({ message }) => message);
        }),
      );
      expect(words.filter((message) => !/^(expected|must|has|is) [^$^\\]+$/.test(message))).toEqual([]);
    },
  );

  test('lets answers have more fields later, and requests none', () => {
    const { Channel, CreateLinkRequest } = document.components?.schemas ?? {};
    expect(Channel).not.toHaveProperty('additionalProperties');
    expect(CreateLinkRequest).toHaveProperty('additionalProperties', false);
  });
});

describe('webhooks in the OpenAPI document', () => {
  test('are every type that is delivered', () => {
    const delivered = EVENT_TYPES.filter(isDelivered);
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
