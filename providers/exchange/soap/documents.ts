import { UnexpectedAnswer } from './answer-reader.ts';

/** An envelope of ids and states; a larger one is none. */
const DOCUMENT_LENGTH = 4 * 1024 * 1024;
const END = /<\/(?:[\w.-]+:)?Envelope\s*>/;

/** The envelopes of an answer that holds one after the other, each as soon as it is whole. */
export async function* documentsIn(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const bytes of body) {
    text += decoder.decode(bytes, { stream: true });
    for (let end = END.exec(text); end !== null; end = END.exec(text)) {
      const length = end.index + end[0].length;
      yield text.slice(0, length).trim();
      text = text.slice(length);
    }
    if (text.length > DOCUMENT_LENGTH) throw new UnexpectedAnswer('it is too large');
  }
  if (text.trim() !== '') throw new UnexpectedAnswer('it ends early, or is no SOAP');
}
