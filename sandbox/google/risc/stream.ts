import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';

const StreamBody = z.object({
  delivery: z.object({
    delivery_method: z.literal('https://schemas.openid.net/secevent/risc/delivery-method/push'),
    url: z.url(),
  }),
  events_requested: z.array(z.string()),
});

export interface StreamConfiguration extends z.infer<typeof StreamBody> {
  readonly status: 'enabled' | 'disabled';
}

/** The one stream of the client's project. Like the client's secret, it outlives a reset. */
export class SecurityEventStream {
  readonly #file: string;
  #current: StreamConfiguration | null;

  constructor(dir: string) {
    this.#file = join(dir, 'google-risc.json');
    this.#current = existsSync(this.#file)
      ? (JSON.parse(readFileSync(this.#file, 'utf8')) as StreamConfiguration)
      : null;
  }

  get current(): StreamConfiguration | null {
    return this.#current;
  }

  /** @throws ZodError for a body that is no stream */
  update(body: unknown): void {
    this.#store({ status: 'enabled', ...this.#current, ...StreamBody.parse(body) });
  }

  /** False where there is no stream. */
  setStatus(body: unknown): boolean {
    const { status } = z.object({ status: z.enum(['enabled', 'disabled']) }).parse(body);
    if (this.#current) this.#store({ ...this.#current, status });
    return this.#current !== null;
  }

  #store(stream: StreamConfiguration): void {
    writeFileSync(`${this.#file}.new`, JSON.stringify(stream), { mode: 0o600 });
    renameSync(`${this.#file}.new`, this.#file);
    this.#current = stream;
  }
}
