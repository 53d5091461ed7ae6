import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { OPERATIONS, actionOf } from './domain/verdict.ts';
import type { Verdict } from './domain/verdict.ts';
import { CLASSIFIERS } from './providers/classifiers.ts';
import { tokenRefused } from './domain/verdict-builders.ts';

const headerValue = z.union([z.string(), z.number(), z.array(z.string()).transform((values) => values.join(', '))]);

/** A line of the file: one answer of a provider (the schema of the fixtures, without what was expected). */
const answerLine = z.object({
  id: z.coerce.string(),
  provider: z.literal(Object.keys(CLASSIFIERS) as (keyof typeof CLASSIFIERS)[]),
  // Only narrows a verdict: a word we do not use is no reason to say nothing.
  operation: z.enum(OPERATIONS).catch('api'),
  http_status: z
    .union([
      z.int(),
      z
        .string()
        .regex(/^\d{3}$/)
        .transform(Number),
    ])
    .nullish(),
  headers: z.record(z.string(), headerValue).nullish(),
  // JSON that was not written down as text is as good.
  body: z.union([z.string(), z.record(z.string(), z.unknown()), z.array(z.unknown())]).nullish(),
});

/** What a provider's answer means, as one line of JSON. Throws when the line is none. */
export function explainLine(line: string): string {
  const { id, provider, operation, http_status, headers, body } = readLine(line);
  const understood = CLASSIFIERS[provider]({
    operation,
    httpStatus: http_status ?? null,
    headers: Object.fromEntries(
      Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), String(value)]),
    ),
    body: typeof body === 'object' && body !== null ? JSON.stringify(body) : (body ?? ''),
  });
  const verdict = ofThisAnswer(understood);
  return JSON.stringify({
    id,
    verdict: verdict.kind,
    status_reason: verdict.reason,
    action: actionOf(verdict.kind),
    retry_after_ms: verdict.retryAfterMs,
    provider_code: verdict.providerCode,
  });
}

/** A refused access token asks no one to act: the refusal of a newer one decides. */
function ofThisAnswer(verdict: Verdict): Verdict {
  return verdict.tokenRefused ? tokenRefused(verdict.providerCode) : verdict;
}

function readLine(line: string): z.infer<typeof answerLine> {
  const read = answerLine.safeParse(JSON.parse(line));
  if (read.success) return read.data;
  throw new Error(read.error.issues.map(({ path, message }) => `${path.join('.') || 'line'}: ${message}`).join('; '));
}

/**
 * `npm run -s explain -- FILE.jsonl`: one line out for each line in. A line that cannot be read is named on stderr and
 * left out, the others are answered; the exit code is 2 then, and when there is no file.
 */
async function main(file: string | undefined): Promise<void> {
  if (file === undefined) throw new Error('usage: npm run -s explain -- FILE.jsonl');
  const text = (await readFile(file, 'utf8')).replace(/^\uFEFF/, '');
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue;
    try {
      process.stdout.write(`${explainLine(line)}\n`);
    } catch (error) {
      process.exitCode = 2;
      console.error(`${file} line ${index + 1}: ${(error as Error).message}`);
    }
  }
}

if (import.meta.main) {
  try {
    await main(process.argv[2]);
  } catch (error) {
    console.error((error as Error).message);
    process.exitCode = 2;
  }
}
