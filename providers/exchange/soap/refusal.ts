import { unknown } from '../../../domain/verdict-builders.ts';
import type { Operation, ProviderAnswer } from '../../../domain/verdict.ts';
import { ProviderError } from '../../../domain/verdict.ts';
import { classifyExchange } from '../errors.ts';
import type { XmlNode } from './node.ts';

/** A right is missing to a folder or an item, which says nothing of the account by itself. */
export const NO_RIGHT = /^Error(AccessDenied|FolderPermission\w*)$/;

/** The code of a message; `NoError` for a success. */
export function codeOf(message: XmlNode): string {
  return message.textAt('ResponseCode') ?? 'ErrorResponseSchemaValidation';
}

export function isSuccess(message: XmlNode): boolean {
  return message.attributes['ResponseClass'] === 'Success';
}

/** A message as it is, unless it refuses. */
export function assertOk(name: string, operation: Operation, message: XmlNode): XmlNode {
  if (isSuccess(message)) return message;
  throw refusalOf(name, operation, message);
}

/** The refusal in a message, by its code and the values beside it; its text is in the server's language. */
export function refusalOf(name: string, operation: Operation, message: XmlNode): ProviderError {
  const code = codeOf(message);
  const values = message.at('MessageXml')?.children ?? [];
  const told = values.map(({ attributes, text }) => `<Value Name="${attributes['Name'] ?? ''}">${text.trim()}</Value>`);
  const body = `<ResponseCode>${code}</ResponseCode>${told.join('')}`;
  const refusal = classifyExchange({ operation, httpStatus: 200, headers: {}, body });
  return new ProviderError(`${name} answered ${refusal.providerCode ?? code}`, refusal);
}

/** The error for an answer that is none of Exchange, or is cut off: it says nothing of the account. */
export function unexpectedAnswer(name: string, operation: Operation, why: string): ProviderError {
  const answer: ProviderAnswer = { operation, httpStatus: 200, headers: {}, body: '' };
  return new ProviderError(`${name}: ${why}`, unknown(answer, 'unexpected_answer'));
}
