import type { z } from 'zod';
import { unknown } from '../../domain/verdict-builders.ts';
import type { Operation } from '../../domain/verdict.ts';
import { ProviderError } from '../../domain/verdict.ts';
import type { HttpAnswer } from '../../net/http.ts';
import { toProviderAnswer } from '../../net/http.ts';
import { parseJson } from './text.ts';

/** A refusal says what it says at its beginning. */
const REFUSAL_BYTES = 64 * 1024;

/** What an answer is to, by the vendor's name of the call. */
interface Asked {
  name: string;
  operation: Operation;
}

/** A success with an unexpected body comes from a proxy or a broken backend: `transient`. */
export function parseAnswer<Shape>(shape: z.ZodType<Shape>, { name, operation }: Asked, answer: HttpAnswer): Shape {
  const parsed = shape.safeParse(parseJson(answer.body));
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map((issue) => issue.path.join('.') || 'body').join(', ');
  const failure = unknown(toProviderAnswer(operation, answer), 'unexpected_answer');
  throw new ProviderError(`${name} answered ${answer.status} without what was expected (${fields})`, failure);
}

/** The beginning of a streamed answer that is a refusal. */
export async function readRefusal(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > REFUSAL_BYTES) break;
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** The provider's time of an answer; null: not told. */
export function dateOf(headers: Record<string, string>): Date | null {
  const date = new Date(headers['date'] ?? '');
  return Number.isNaN(date.getTime()) ? null : date;
}
