import type { Operation } from '../../domain/verdict.ts';
import { dateOf } from '../answers/http-answers.ts';
import type { ExchangeConnection } from './connection.ts';
import { AnswerReader, readAnswer, UnexpectedAnswer } from './soap/answer-reader.ts';
import type { AnswerEvent } from './soap/answer-reader.ts';
import { documentsIn } from './soap/documents.ts';
import type { XmlNode } from './soap/node.ts';
import { assertOk, unexpectedAnswer } from './soap/refusal.ts';
import type { EwsRequest } from './soap/request.ts';

/** One message for each thing in the request, and the server's time; null: not told. */
export interface Answered {
  messages: XmlNode[];
  at: Date | null;
}

/** The calls of Exchange Web Services over one connection. */
export class ExchangeClient {
  readonly #connection: ExchangeConnection;
  readonly #signal: AbortSignal;
  #version: string | null = null;

  constructor(connection: ExchangeConnection, signal: AbortSignal) {
    this.#connection = connection;
    this.#signal = signal;
  }

  get host(): string {
    return this.#connection.host;
  }

  /** Of the server, by its last answer; null where it is not told. */
  get version(): string | null {
    return this.#version;
  }

  /** Each message as it is: a refusal of one says nothing of the others. */
  async ask({ name, body }: EwsRequest, operation: Operation): Promise<Answered> {
    const answer = await this.#connection.send({ name, body, operation, signal: this.#signal });
    const { messages, version } = understood(name, operation, () => readAnswer(answer.body));
    this.#version = version;
    return { messages, at: dateOf(answer.headers) };
  }

  /** The only message of an answer, which must be a success. */
  async askOne(request: EwsRequest, operation: Operation): Promise<{ message: XmlNode; at: Date | null }> {
    const { messages, at } = await this.ask(request, operation);
    const [message] = messages;
    if (!message) throw unexpectedAnswer(request.name, operation, 'the answer holds nothing');
    return { message: assertOk(request.name, operation, message), at };
  }

  /** Messages and their MIME as they come, until `signal` aborts. */
  async *read({ name, body }: EwsRequest, operation: Operation, signal: AbortSignal): AsyncGenerator<AnswerEvent> {
    const answer = await this.#connection.stream({ name, body, operation, signal });
    const reader = new AnswerReader();
    for await (const bytes of answer.body) yield* understood(name, operation, () => reader.write(bytes));
    understood(name, operation, () => reader.end());
  }

  /** The messages of each envelope of an answer that goes on for long; it fails when no byte comes for `silenceMs`. */
  async *follow(
    { name, body }: EwsRequest,
    { silenceMs, signal }: { silenceMs: number; signal: AbortSignal },
  ): AsyncGenerator<XmlNode[]> {
    const answer = await this.#connection.stream({ name, body, operation: 'api', signal, silenceMs });
    try {
      for await (const document of documentsIn(answer.body)) yield readAnswer(document).messages;
    } catch (error) {
      if (error instanceof UnexpectedAnswer) throw unexpectedAnswer(name, 'api', error.message);
      throw error;
    }
  }
}

function understood<Read>(name: string, operation: Operation, read: () => Read): Read {
  try {
    return read();
  } catch (error) {
    if (error instanceof UnexpectedAnswer) throw unexpectedAnswer(name, operation, error.message);
    throw error;
  }
}
