import { maskAddresses } from './mask-address.ts';

/** An error as logs and histories may show it. */
export interface ErrorRecord {
  type: string;
  message: string;
  code?: string | number;
  stack?: string;
  cause?: ErrorRecord;
}

/**
 * The errors whose messages are kept: our own, which hold neither secret nor mail, and Temporal's, which speak of
 * workflows. Every other message may quote a value (a parser its text, PostgreSQL its row) and is left out.
 */
const TELLING = new Set([
  'AnswerTooLarge',
  'ConfigError',
  'ContentMissing',
  'Crowded',
  'DatabaseError',
  'EgressDenied',
  'ImportOvertaken',
  'MessagesWithheld',
  'Problem',
  'PartRefused',
  'PartUnanswered',
  'PortTakenError',
  'ProviderError',
  'ProviderNotConfigured',
  'Redirected',
  'SendOvertaken',
  'StartRefused',
  'StatusUnanswered',
  'UnexpectedAnswer',
  'UnreadableMail',
  'VaultError',
  // Temporal's
  'ActivityFailure',
  'CancelledFailure',
  'ChildWorkflowFailure',
  'DeterminismViolationError',
  'IllegalStateError',
  'ServerFailure',
  'ServiceError',
  'ShutdownError',
  'TerminatedFailure',
  'TimeoutFailure',
  'TransportError',
  'UnexpectedError',
  'WorkflowExecutionAlreadyStartedError',
  'WorkflowNotFoundError',
  'WorkflowUpdateFailedError',
  'WorkflowUpdateRPCTimeoutOrCancelledError',
]);

/** Errors may be each other's cause. */
const MOST_CAUSES = 6;
const CODE = /^[\w.-]{1,64}$/;
/** A frame of V8's; a message of several lines looks otherwise. */
const FRAME = /^ +at (?:.*:\d+:\d+\)?|.*\((?:native|<anonymous>|index \d+)\))$/;

/**
 * Type, code, frames and causes of an error, in an allowlist: libraries hang requests, rows and headers onto their errors.
 * The message is kept if it is one of ours, with the addresses in it masked.
 */
export function recordError(error: unknown, depth = 0): ErrorRecord {
  if (!isError(error)) return { type: typeof error, message: `A ${typeof error} was thrown` };
  const type = typeOf(error);
  const code = codeOf(error);
  const message = TELLING.has(type) ? maskAddresses(error.message) : `${type}${code === undefined ? '' : ` (${code})`}`;
  const { cause } = error;
  return {
    type,
    message,
    ...(code === undefined ? {} : { code }),
    stack: [`${type}: ${message}`, ...framesOf(error)].join('\n'),
    ...(cause === undefined || cause === null || depth >= MOST_CAUSES ? {} : { cause: recordError(cause, depth + 1) }),
  };
}

/** An error's code, if it is a word or a number. */
export function codeOf(error: Error): string | number | undefined {
  const { code } = error as { code?: unknown };
  return typeof code === 'number' || (typeof code === 'string' && CODE.test(code)) ? code : undefined;
}

/** The frames of an error's stack, without the head, which repeats the message. */
export function framesOf({ message, stack = '' }: Pick<Error, 'message' | 'stack'>): string[] {
  const at = message === '' ? -1 : stack.indexOf(message);
  const frames = at < 0 ? stack : stack.slice(at + message.length);
  return frames.split('\n').filter((line) => FRAME.test(line));
}

/** Errors cross from one realm to another: a workflow's are not ours. */
function isError(value: unknown): value is Error {
  if (value instanceof Error) return true;
  return typeof value === 'object' && value !== null && 'message' in value && 'stack' in value && 'name' in value;
}

/** Temporal carries the class of an activity's error as the type of its own. */
function typeOf(error: Error): string {
  const { type } = error as { type?: unknown };
  if (error.name === 'ApplicationFailure' && typeof type === 'string') return type;
  const { name } = error.constructor;
  return TELLING.has(name) || error.name === 'Error' || !CODE.test(error.name) ? name : error.name;
}
