import sax from 'sax';
import { XmlNode } from './node.ts';

/** A piece of an answer, in its order. Content comes before the rest of its item. */
export type AnswerEvent =
  /** A piece of the MIME of the item that `message` tells of next. */
  | { kind: 'content'; bytes: Buffer }
  /** The result of one thing in the request. */
  | { kind: 'message'; message: XmlNode };

/** An answer that is no answer of Exchange: a proxy's page, or half of one. */
export class UnexpectedAnswer extends Error {
  constructor(why: string) {
    super(`no answer of Exchange Web Services: ${why}`);
    this.name = 'UnexpectedAnswer';
  }
}

/** The limit of all text but MIME: ids, states and codes. */
const TEXT_BYTES = 16 * 1024 * 1024;
/** The limit of elements and attributes: the folders of the largest mailbox have fewer, and each takes memory of its own. */
const MOST_ELEMENTS = 200_000;

/** Reads the answer as it comes; MIME is handed on in pieces and never held. */
export class AnswerReader {
  readonly #parser = sax.parser(true, { xmlns: true, position: false });
  readonly #decoder = new TextDecoder();
  /** Holds the outermost element. */
  readonly root = new XmlNode('');
  readonly #open: XmlNode[] = [this.root];
  #events: AnswerEvent[] = [];
  #base64 = '';
  #textLeft = TEXT_BYTES;
  #elementsLeft = MOST_ELEMENTS;
  #failure: string | null = null;
  #isWhole = false;

  constructor() {
    Object.assign(this.#parser, {
      onerror: () => (this.#failure = 'it is not well-formed'),
      ondoctype: () => (this.#failure = 'it declares a document type'),
      onopentag: (tag: sax.QualifiedTag) => this.#begin(tag),
      onclosetag: () => this.#end(),
      ontext: (text: string) => this.#take(text),
      oncdata: (text: string) => this.#take(text),
    });
  }

  /** The events that these bytes complete. */
  write(bytes: Uint8Array): AnswerEvent[] {
    return this.#parsed(() => {
      this.#parser.write(this.#decoder.decode(bytes, { stream: true }));
      // Without positions sax would hold a text until its end.
      this.#parser.flush();
    });
  }

  /** Throws unless the answer was read to its end. */
  end(): void {
    this.#parsed(() => this.#parser.close());
    if (!this.#isWhole) throw new UnexpectedAnswer('it ends early, or is no SOAP');
  }

  #parsed(parse: () => void): AnswerEvent[] {
    try {
      parse();
    } catch {
      this.#failure ??= 'it is not well-formed';
    }
    if (this.#failure !== null) throw new UnexpectedAnswer(this.#failure);
    const events = this.#events;
    this.#events = [];
    return events;
  }

  #begin(tag: sax.QualifiedTag): void {
    const attributes = Object.values(tag.attributes).map(({ local, value }) => [local, value] as const);
    this.#elementsLeft -= 1 + attributes.length;
    this.#spend(attributes.reduce((sum, [, value]) => sum + value.length, 0));
    const node = new XmlNode(tag.local, Object.fromEntries(attributes));
    const parent = this.#open.at(-1);
    // The reader hands messages on one by one, so that a large answer does not gather in memory.
    if (parent?.name !== 'ResponseMessages') parent?.children.push(node);
    this.#open.push(node);
  }

  #take(text: string): void {
    const node = this.#open.at(-1);
    if (!node) return;
    if (node.name === 'MimeContent') return this.#decode(text);
    this.#spend(text.length);
    if (this.#failure === null) node.text += text;
  }

  #spend(bytes: number): void {
    this.#textLeft -= bytes;
    if (this.#textLeft < 0 || this.#elementsLeft < 0) this.#failure = 'it is too large';
  }

  #decode(text: string): void {
    const base64 = this.#base64 + text.replaceAll(/\s+/g, '');
    const whole = base64.length - (base64.length % 4);
    this.#base64 = base64.slice(whole);
    if (whole > 0) this.#events.push({ kind: 'content', bytes: Buffer.from(base64.slice(0, whole), 'base64') });
  }

  #end(): void {
    const node = this.#open.pop();
    if (node?.name === 'MimeContent' && this.#base64 !== '') this.#failure = 'its MIME is cut short';
    if (node && this.#open.at(-1)?.name === 'ResponseMessages') this.#events.push({ kind: 'message', message: node });
    if (node?.name === 'Envelope' && this.#open.length === 1) this.#isWhole = true;
  }
}

/** An answer that has no MIME: its messages, and the server's version, major and minor; null where it is not told. */
export function readAnswer(text: string): { messages: XmlNode[]; version: string | null } {
  const reader = new AnswerReader();
  const events = reader.write(Buffer.from(text));
  reader.end();
  const { MajorVersion, MinorVersion } = reader.root.at('Envelope/Header/ServerVersionInfo')?.attributes ?? {};
  const version = MajorVersion === undefined ? null : `${MajorVersion}.${MinorVersion ?? ''}`;
  return { messages: events.flatMap((event) => (event.kind === 'message' ? event.message : [])), version };
}

/** Another answer as a whole, such as Autodiscover's; null where it is no XML. */
export function readXml(text: string): XmlNode | null {
  const reader = new AnswerReader();
  try {
    reader.write(Buffer.from(text));
    return reader.root;
  } catch (error) {
    if (error instanceof UnexpectedAnswer) return null;
    throw error;
  }
}
