import { z } from 'zod';
import { ACTIONS } from '../../domain/verdict.ts';
import { ALTERNATIVE, EXPECTED, PAGE, RECEIVED, SERVICE, namedAccount } from './links.ts';

/** Problem details (RFC 9457), the answer of every failed call. */
export const problemOut = z
  .object({
    type: z.string().describe('The code as a URN'),
    title: z.string().describe('What the code means'),
    status: z.int().describe('The HTTP status'),
    detail: z.string().describe('What happened this time, for developers'),
    code: z.string().describe('Stable; match on this'),
    action: z.enum(ACTIONS).describe('What must be done before the request can work; `none`: nothing'),
    retryable: z.boolean().describe('Whether the same request may work later'),
    display_message: z.string().describe('A sentence for the product’s user'),
    request_id: z.string().describe('Names the request in Mooring’s log'),
    errors: z
      .array(
        z.object({
          in: z.enum(['body', 'query', 'path']).describe('The part of the request'),
          path: z.string().describe('The field, dotted; empty: the whole part'),
          message: z.string().describe('What was expected'),
        }),
      )
      .optional()
      .describe('With `validation_failed`: each invalid field'),
    expected: namedAccount.optional().describe(EXPECTED),
    received: namedAccount.optional().describe(RECEIVED),
    page: z.url().optional().describe(PAGE),
    service: z.literal('smtp').optional().describe(SERVICE),
    alternative: z.literal('basic').optional().describe(ALTERNATIVE),
    endpoint: z.string().optional().describe('With `endpoint_exists`: the id of the endpoint that has the address'),
    status_reason: z.string().nullable().optional().describe('Why the channel has its status'),
    provider_code: z.string().nullable().optional().describe('The provider’s own code'),
  })
  .meta({ id: 'Problem' });
export type ProblemDetails = z.infer<typeof problemOut>;
