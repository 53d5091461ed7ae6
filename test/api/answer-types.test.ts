import { expect, test } from 'vitest';
import { z } from 'zod';
import { empty, json, redirect } from '../../api/http/answers.ts';
import { defineCall } from '../../api/http/call.ts';

const about = {
  method: 'get',
  path: '/thing',
  operationId: 'getThing',
  summary: 'A thing',
  description: 'One of them',
  tag: 'Channels',
  access: 'public',
} as const;
const thing = z.object({ id: z.string(), size: z.int(), owner: z.string().nullable() });
const answers = { 200: json('The thing', thing), 204: empty('None'), 303: redirect('Elsewhere') };
const body = { id: 'one', size: 1, owner: null };

/** The compiler is the test: each `@ts-expect-error` fails the type check where the line below it has no error. */
test('a call answers what it documents, and nothing else compiles', () => {
  const calls = [
    defineCall({ ...about, answers, run: async () => ({ status: 200, body }) }),
    defineCall({ ...about, answers, run: async () => ({ status: 204 }) }),
    defineCall({ ...about, answers, run: async () => ({ status: 303, location: '/' }) }),
    // @ts-expect-error a field is missing
    defineCall({ ...about, answers, run: async () => ({ status: 200, body: { id: 'one', owner: null } }) }),
    // @ts-expect-error a field is of another type
    defineCall({ ...about, answers, run: async () => ({ status: 200, body: { ...body, size: '1' } }) }),
    // @ts-expect-error a field is null that never is
    defineCall({ ...about, answers, run: async () => ({ status: 200, body: { ...body, id: null } }) }),
    // @ts-expect-error there is no body
    defineCall({ ...about, answers, run: async () => ({ status: 200 }) }),
    // @ts-expect-error there is no location
    defineCall({ ...about, answers, run: async () => ({ status: 303 }) }),
    // @ts-expect-error the status is not documented
    defineCall({ ...about, answers, run: async () => ({ status: 201, body }) }),
    // @ts-expect-error a redirect has no body in JSON
    defineCall({ ...about, answers, run: async () => ({ status: 303, body }) }),
  ];
  expect(calls).toHaveLength(10);
});
