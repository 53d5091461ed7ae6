import { ApplicationFailure, DefaultFailureConverter, cutoffStackTrace } from '@temporalio/common';
import type { PayloadConverter } from '@temporalio/common';
import { recordError } from '../domain/redaction/error-record.ts';

type ToFailure = DefaultFailureConverter['errorToFailure'];

/**
 * What of an error a history holds: of ours the message, of any other its class and code; frames and causes. An error of
 * a library may quote mail, and a history is read by more people than the mailbox.
 */
class ValuelessFailureConverter extends DefaultFailureConverter {
  override errorToFailure(error: unknown, converter: PayloadConverter, ...more: RestOf<ToFailure>) {
    const { type, message, stack = '' } = recordError(error);
    // A value that is no error would be written out.
    const given = error instanceof Error || stack !== '' ? error : ApplicationFailure.create({ message, type });
    const failure = super.errorToFailure(given, converter, ...more);
    return { ...failure, message, stackTrace: cutoffStackTrace(stack) };
  }
}

type RestOf<Work extends (...all: never[]) => unknown> =
  Parameters<Work> extends [unknown, unknown, ...infer Rest] ? Rest : never;

/** Workers and the workflow bundle load this file by its path. */
export const failureConverter = new ValuelessFailureConverter();
