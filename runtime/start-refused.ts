/** Why a process does not start, with a stable code and what to do; it never holds a secret. */
export class StartRefused extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.name = 'StartRefused';
    this.code = code;
  }
}
