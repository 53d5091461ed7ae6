import { z } from 'zod';
import { ACTIONS } from '../../domain/verdict.ts';
import { namedAccount } from './links.ts';

/** RFC 9457 problem details, as every failing call answers. */
export const problemOut = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string().meta({ description: 'Stable; what a program matches on' }),
    action: z.enum(ACTIONS),
    retryable: z.boolean(),
    display_message: z.string().meta({ description: 'For the person in front of the product' }),
    request_id: z.string(),
    errors: z
      .array(z.object({ in: z.enum(['body', 'query', 'path']), path: z.string(), message: z.string() }))
      .optional(),
    expected: namedAccount.optional(),
    received: namedAccount.optional(),
    status_reason: z.string().nullable().optional(),
    provider_code: z.string().nullable().optional(),
  })
  .meta({ id: 'Problem' });
export type ProblemDetails = z.infer<typeof problemOut>;
