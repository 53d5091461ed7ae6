import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { decodeRawMessage } from '../../providers/google/raw-message.ts';

async function* pieces(bytes: Buffer, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

async function decode(json: string, length: number): Promise<{ message: Buffer; frame: string }> {
  const frame = { json: '' };
  const chunks: Uint8Array[] = [];
  for await (const chunk of decodeRawMessage(pieces(Buffer.from(json), length), frame)) chunks.push(chunk);
  return { message: Buffer.concat(chunks), frame: frame.json };
}

it('gives the same message and the same rest however the answer is cut', async () => {
  const property = fc.asyncProperty(
    fc.uint8Array({ maxLength: 500 }),
    fc.string(),
    fc.integer({ min: 1, max: 64 }),
    fc.constantFrom('=', '\\u003d', ''),
    async (bytes, snippet, length, padding) => {
      const base64 = Buffer.from(bytes).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
      const answer = { id: '1', snippet: `${snippet}"raw": "AAAA" ü`, raw: 'RAW', internalDate: '7' };
      const json = JSON.stringify(answer, null, 2).replace('"RAW"', () => `"${base64.replaceAll('=', padding)}"`);
      const { message, frame } = await decode(json, length);
      expect(message).toEqual(Buffer.from(bytes));
      expect(JSON.parse(frame)).toEqual({ ...answer, raw: '' });
    },
  );
  await fc.assert(property);
});

it('does not pass the beginning of a message off as a message', async () => {
  const json = JSON.stringify({ id: '1', raw: Buffer.from('Subject: x').toString('base64url') });
  await expect(decode(json.slice(0, -4), 5)).rejects.toThrow('ended before');
  await expect(decode('{"id":"1"}', 5)).rejects.toThrow('ended before');
});
