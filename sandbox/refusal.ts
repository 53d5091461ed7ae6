/**
 * A call of the control API that cannot be done. Thrown by providers and by the control API itself, answered as
 * `{"error": {"code", "message"}}` with the status: 400 what does not validate, 404 what does not exist, 409 what is in
 * the wrong state, 422 what the real provider does not have.
 */
export class SandboxRefusal extends Error {
  readonly status: 400 | 404 | 409 | 422;
  readonly code: string;

  constructor(status: 400 | 404 | 409 | 422, code: string, message: string) {
    super(message);
    this.name = 'SandboxRefusal';
    this.status = status;
    this.code = code;
  }
}
