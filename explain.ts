import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { OPERATIONS, actionOf } from './domain/verdict.ts';
import { CLASSIFIERS } from './providers/classifiers.ts';

/** A line of the file: one answer of a provider (the schema of the fixtures, without what was expected). */
const answerLine = z.object({
  id: z.string(),
  provider: z.string(),
  // Only narrows a verdict: a word we do not use is no reason to say nothing.
  operation: z.enum(OPERATIONS).catch('api'),
  http_status: z.number().int().nullish(),
  headers: z.record(z.string(), z.coerce.string()).nullish(),
  body: z.string().nullish(),
});

/** What a provider's answer means, as one line of JSON. Throws when the line is none. */
export function explainLine(line: string): string {
  const { id, provider, operation, http_status, headers, body } = answerLine.parse(JSON.parse(line));
  const classify = provider in CLASSIFIERS ? CLASSIFIERS[provider as keyof typeof CLASSIFIERS] : CLASSIFIERS.generic;
  const lowerCase = Object.fromEntries(
    Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const verdict = classify({ operation, httpStatus: http_status ?? null, headers: lowerCase, body: body ?? '' });
  return JSON.stringify({
    id,
    verdict: verdict.kind,
    status_reason: verdict.reason,
    action: actionOf(verdict.kind),
    retry_after_ms: verdict.retryAfterMs,
    provider_code: verdict.providerCode,
  });
}

/** `npm run -s explain -- FILE.jsonl`: exits with 2 when the file or a line of it cannot be read. */
async function main(file: string | undefined): Promise<void> {
  if (file === undefined) throw new Error('usage: npm run -s explain -- FILE.jsonl');
  const lines = (await readFile(file, 'utf8')).split('\n');
  for (const [index, line] of lines.entries()) {
    if (line.trim() === '') continue;
    try {
      process.stdout.write(`${explainLine(line)}\n`);
    } catch (error) {
      throw new Error(`${file} line ${index + 1}: ${String(error)}`, { cause: error });
    }
  }
}

if (import.meta.main) {
  try {
    await main(process.argv[2]);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 2;
  }
}
