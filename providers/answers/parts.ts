import type { ProviderAnswer } from '../../domain/verdict.ts';
import { isObject, isPage, parseJson } from './text.ts';

/**
 * What failed within an answer that holds several: a part of a multipart batch (Google), an entry of a JSON batch
 * (Graph's `$batch`, Salesforce's composite calls), or a whole HTTP message that was written down as text. The answer
 * itself when it holds none.
 */
export function failedPart(answer: ProviderAnswer): ProviderAnswer {
  const { httpStatus, body } = answer;
  if ((httpStatus !== null && httpStatus >= 300) || isPage(body)) return answer;
  const part = failedMessage(body) ?? failedEntry(body);
  return part === null ? answer : { ...answer, ...part };
}

type Part = Omit<ProviderAnswer, 'operation'>;

/** "HTTP/1.1 429 Too Many Requests", its headers, an empty line and its body. */
function failedMessage(text: string): Part | null {
  for (const { 1: status, index } of text.matchAll(/^HTTP\/\d(?:\.\d)? ([45]\d\d)\b.*$/gm)) {
    const [head = '', ...rest] = text.slice(index).split(/\r?\n\r?\n/);
    const headers = Object.fromEntries(
      head
        .split(/\r?\n/)
        .slice(1)
        .flatMap((line) => [...line.matchAll(/^([\w-]+):\s*(.*)$/g)])
        .map(([, name = '', value = '']) => [name.toLowerCase(), value.trim()]),
    );
    return { httpStatus: Number(status), headers, body: (rest.join('\n\n').split(/^--\w+/m)[0] ?? '').trim() };
  }
  return null;
}

const ENTRIES = ['responses', 'compositeResponse', 'results'] as const;

function failedEntry(text: string): Part | null {
  const whole = parseJson(text);
  const entries = isObject(whole) ? ENTRIES.flatMap((name) => whole[name] ?? []).filter(isObject) : [];
  for (const entry of entries) {
    const httpStatus = Number(entry['status'] ?? entry['statusCode'] ?? entry['httpStatusCode']);
    if (!(httpStatus >= 400)) continue;
    const named = Object.entries(isObject(entry['headers']) ? entry['headers'] : {});
    const headers = Object.fromEntries(named.map(([name, value]) => [name.toLowerCase(), String(value)]));
    return { httpStatus, headers, body: JSON.stringify(entry['body'] ?? entry['result'] ?? {}) };
  }
  return null;
}
