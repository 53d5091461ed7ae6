import type { Logger } from 'imapflow';

/** Keeps ImapFlow's last error in memory and writes nothing: its log lines carry addresses and bodies. */
export class FailureLog implements Logger {
  last: unknown;

  debug(): void {}
  info(): void {}
  warn(entry: unknown): void {
    this.note((entry as { err?: unknown }).err);
  }
  error(entry: unknown): void {
    this.note((entry as { err?: unknown }).err);
  }
  note(error: unknown): void {
    if (error instanceof Error) this.last = error;
  }
}
