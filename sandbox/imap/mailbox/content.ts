import { composeMessage, type MessageSpec } from '../../message-factory.ts';
import { fieldValue, type HeaderField, parseFields, splitHeader } from '../wire/mime.ts';

/** How a message's bytes are kept on disk: the recipe of a delivered one, base64 of an appended one. */
export type ContentRecord = { spec: MessageSpec } | { base64: string };

/** The bytes of a message and what is read out of them. */
export class MessageContent {
  readonly record: ContentRecord;
  #size: number | null = null;
  #indexed: { messageId: string | null; sentMs: number | null } | null = null;

  constructor(record: ContentRecord) {
    this.record = record;
  }

  static fromBytes(bytes: Buffer): MessageContent {
    return new MessageContent({ base64: bytes.toString('base64') });
  }

  /** The message. A delivered one is made again each time: a mailbox of 100,000 must fit into memory. */
  bytes(): Buffer {
    const bytes = 'spec' in this.record ? composeMessage(this.record.spec) : Buffer.from(this.record.base64, 'base64');
    // A literal cannot hold NUL (RFC 3501 section 9, CHAR8); servers put 0x80 there, as Dovecot does.
    for (let at = bytes.indexOf(0); at >= 0; at = bytes.indexOf(0, at + 1)) bytes[at] = 0x80;
    this.#size = bytes.length;
    return bytes;
  }

  get size(): number {
    return this.#size ?? this.bytes().length;
  }

  fields(): HeaderField[] {
    return parseFields(splitHeader(this.bytes()).header);
  }

  /** The Message-ID with its angle brackets, or null. */
  get messageId(): string | null {
    return 'spec' in this.record ? this.record.spec.message_id : this.#index().messageId;
  }

  /**
   * What the Date header's clock showed, time zone disregarded (RFC 3501 SENTON), in milliseconds; null without one.
   */
  get sentMs(): number | null {
    if ('spec' in this.record && !this.record.spec.malformed && this.record.spec.raw === undefined)
      return Date.parse(this.record.spec.date);
    return this.#index().sentMs;
  }

  #index(): { messageId: string | null; sentMs: number | null } {
    if (this.#indexed) return this.#indexed;
    const fields = this.fields();
    const date = fieldValue(fields, 'date') ?? '';
    const sentMs = Date.parse(date.replace(/\s*([+-]\d{4}|[A-Z]+)?\s*(\([^)]*\)\s*)*$/, ' +0000'));
    this.#indexed = { messageId: fieldValue(fields, 'message-id'), sentMs: Number.isNaN(sentMs) ? null : sentMs };
    return this.#indexed;
  }
}
