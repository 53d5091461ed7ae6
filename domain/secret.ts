const PRINTED = '[secret]';

/**
 * A value that must not be printed: a token, a password, a key. It shows as `[secret]` in JSON, string
 * concatenation, logs and `util.inspect`; only `reveal()` gives the value, so every use can be grepped.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The plain value. Call it where the value leaves for the provider or the vault, nowhere else. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return PRINTED;
  }

  toJSON(): string {
    return PRINTED;
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return PRINTED;
  }
}
