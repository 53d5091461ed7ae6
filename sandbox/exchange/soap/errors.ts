import type { EwsError } from './answer.ts';

/** The errors of Exchange by their codes, in the servers' own sentences. */
export const EWS = {
  accessDenied: { code: 'ErrorAccessDenied', text: 'Access is denied. Check credentials and try again.' },
  accountDisabled: { code: 'ErrorAccountDisabled', text: 'This account is disabled.' },
  batchStopped: {
    code: 'ErrorBatchProcessingStopped',
    text: 'The batch was stopped, so this item was not processed.',
  },
  connectionCountExceeded: {
    code: 'ErrorExceededConnectionCount',
    text: 'You have exceeded the available concurrent connections for your account.  Try again once your other requests have completed.',
  },
  conversionFailed: { code: 'ErrorMimeContentConversionFailed', text: 'Mime content conversion failed.' },
  folderNotFound: { code: 'ErrorFolderNotFound', text: 'The specified folder could not be found in the store.' },
  invalidArgument: { code: 'ErrorInvalidArgument', text: 'An argument of the request is invalid.' },
  invalidRequest: { code: 'ErrorInvalidRequest', text: 'The request is invalid.' },
  invalidId: { code: 'ErrorInvalidIdMalformed', text: 'Id is malformed.' },
  invalidSubscription: { code: 'ErrorInvalidSubscriptionRequest', text: 'The subscription request is invalid.' },
  invalidSyncState: {
    code: 'ErrorInvalidSyncStateData',
    text: 'Synchronization state data is corrupt or otherwise invalid.',
  },
  invalidRecipients: { code: 'ErrorInvalidRecipients', text: 'At least one recipient is not valid.' },
  itemNotFound: { code: 'ErrorItemNotFound', text: 'The specified object was not found in the store.' },
  messageTooLarge: { code: 'ErrorMessageSizeExceeded', text: 'The message exceeds the maximum supported size.' },
  mimeInvalid: { code: 'ErrorMimeContentInvalid', text: 'Mime content is invalid.' },
  newStreamOpened: {
    code: 'ErrorNewEventStreamConnectionOpened',
    text: 'Another connection has been opened for the subscription.',
  },
  noMailbox: {
    code: 'ErrorNonExistentMailbox',
    text: 'The SMTP address has no mailbox associated with it.',
  },
  nothingResolved: { code: 'ErrorNameResolutionNoResults', text: 'No results were found.' },
  quotaExceeded: { code: 'ErrorQuotaExceeded', text: 'The mailbox has exceeded its quota.' },
  sendAsDenied: {
    code: 'ErrorSendAsDenied',
    text: 'The user account which was used to submit this request does not have the right to send mail on behalf of the specified sending account.',
  },
  schema: {
    code: 'ErrorSchemaValidation',
    text: 'The request failed schema validation.',
  },
  subscriptionCountExceeded: {
    code: 'ErrorExceededSubscriptionCount',
    text: 'You have exceeded the available subscriptions for your account.  Remove unnecessary subscriptions and try your request again.',
  },
  subscriptionNotFound: { code: 'ErrorSubscriptionNotFound', text: 'The specified subscription was not found.' },
  unsupportedPath: {
    code: 'ErrorUnsupportedPathForQuery',
    text: 'The property can not be used with this type of restriction.',
  },
} as const satisfies Record<string, EwsError>;

/** The server takes no more requests of this account for a while. */
export function serverBusy(retryAfterS: number): EwsError {
  return {
    code: 'ErrorServerBusy',
    text: 'The server cannot service this request right now. Try again later.',
    values: { BackOffMilliseconds: retryAfterS * 1000 },
  };
}

/** The same refusal in the middle of a request. */
export function busyInside(retryAfterS: number): EwsError {
  return {
    code: 'ErrorInternalServerError',
    text: 'An internal server error occurred. The operation failed.',
    values: {
      InnerErrorMessageText: 'The server cannot service this request right now. Try again later.',
      InnerErrorResponseCode: 'ErrorServerBusy',
      InnerErrorDescriptiveLinkKey: 0,
      BackOffMilliseconds: retryAfterS * 1000,
    },
  };
}
