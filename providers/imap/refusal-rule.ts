import type { StatusReason, VerdictKind } from '../../domain/verdict.ts';

/** Words of a server, and the verdict they mean. */
export interface RefusalRule {
  kind: VerdictKind;
  reason: StatusReason;
  pattern: RegExp;
  /** The words leave the cause open. */
  vague?: true;
  /** Only a login says it of an account; anywhere else a "mailbox" is a folder. */
  login?: true;
}
