import { randomUUID } from 'node:crypto';
import type { SandboxClock } from '../../clock.ts';
import type { HttpAnswer, TransportAnswers } from '../../http-answer.ts';

/** Graph's answers; their words are as users' reports quote them and https://learn.microsoft.com/graph/errors has them. */

const JSON_HEADERS = {
  'content-type': 'application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8',
  'cache-control': 'no-cache',
};

export function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): HttpAnswer {
  return { status, headers: { ...JSON_HEADERS, 'request-id': randomUUID(), ...headers }, body: JSON.stringify(body) };
}

export const NO_CONTENT: HttpAnswer = { status: 204, headers: {}, body: '' };

const AUTHORIZE = 'https://login.microsoftonline.com/common/oauth2/authorize';

/** Words Graph's errors, dated by the sandbox's clock. */
export class GraphErrors {
  readonly #clock: SandboxClock;

  constructor(clock: SandboxClock) {
    this.#clock = clock;
  }

  of(status: number, code: string, message: string, headers: Readonly<Record<string, string>> = {}): HttpAnswer {
    const id = randomUUID();
    const date = this.#clock.now().toISOString().slice(0, 19);
    const innerError = { date, 'request-id': id, 'client-request-id': id };
    return json(status, { error: { code, message, innerError } }, { 'request-id': id, ...headers });
  }

  unauthenticated(message: string): HttpAnswer {
    const challenge = `Bearer realm="", authorization_uri="${AUTHORIZE}", client_id="00000003-0000-0000-c000-000000000000"`;
    return this.of(401, 'InvalidAuthenticationToken', message, { 'www-authenticate': challenge });
  }

  /**
   * Continuous access evaluation: the next token request has to carry `claims`.
   * https://learn.microsoft.com/entra/identity-platform/app-resilience-continuous-access-evaluation
   */
  challenged(cause: string, notBefore: number): HttpAnswer {
    const claims = JSON.stringify({ access_token: { nbf: { essential: true, value: String(notBefore) } } });
    const encoded = Buffer.from(claims).toString('base64');
    const message = `Continuous access evaluation resulted in challenge with result: InteractionRequired and code: ${cause}`;
    return this.of(401, 'InvalidAuthenticationToken', message, {
      'www-authenticate': `Bearer realm="", authorization_uri="${AUTHORIZE}", error="insufficient_claims", claims="${encoded}"`,
    });
  }

  accessDenied(): HttpAnswer {
    return this.of(403, 'ErrorAccessDenied', 'Access is denied. Check credentials and try again.');
  }

  insufficientPrivileges(): HttpAnswer {
    return this.of(403, 'Authorization_RequestDenied', 'Insufficient privileges to complete the operation.');
  }

  noSuchMailbox(name: string): HttpAnswer {
    return this.of(404, 'ErrorInvalidUser', `The requested user '${name}' is invalid.`);
  }

  /** No licence, soft-deleted, or still on-premises. */
  mailboxOff(): HttpAnswer {
    const message = 'The mailbox is either inactive, soft-deleted, or is hosted on-premise.';
    return this.of(404, 'MailboxNotEnabledForRESTAPI', message);
  }

  noSuchItem(): HttpAnswer {
    return this.of(404, 'ErrorItemNotFound', 'The specified object was not found in the store.');
  }

  noSuchFolder(): HttpAnswer {
    return this.of(
      404,
      'ErrorItemNotFound',
      'The specified object was not found in the store., The process failed to get the correct properties.',
    );
  }

  malformedId(): HttpAnswer {
    return this.of(400, 'ErrorInvalidIdMalformed', 'Id is malformed.');
  }

  noSuchSegment(segment: string): HttpAnswer {
    return this.of(400, 'BadRequest', `Resource not found for the segment '${segment}'.`);
  }

  badFilter(): HttpAnswer {
    return this.of(400, 'ErrorInvalidUrlQueryFilter', 'The query filter contains one or more invalid nodes.');
  }

  inefficientFilter(): HttpAnswer {
    return this.of(400, 'InefficientFilter', 'The restriction or sort order is too complex for this operation.');
  }

  badRequest(message: string): HttpAnswer {
    return this.of(400, 'BadRequest', message);
  }

  badToken(): HttpAnswer {
    return this.of(400, 'BadRequest', 'Badly formed token.');
  }

  /** A deltaLink whose state the service no longer has. */
  syncStateNotFound(generation: number, highest: number): HttpAnswer {
    const message = `The sync state generation is not found; generation=${generation};[highest=${highest}][${highest}].`;
    return this.of(410, 'SyncStateNotFound', message);
  }

  /** A nextLink that was followed too late: the walk begins anew. */
  resyncRequired(start: string): HttpAnswer {
    const message = 'Resync required. Replace any local items with the server’s version.';
    return this.of(410, 'resyncRequired', message, { location: start });
  }

  overMailboxConcurrency(): HttpAnswer {
    return json(429, {
      error: { code: 'ApplicationThrottled', message: 'Application is over its MailboxConcurrency limit.' },
    });
  }

  /** A validation error of a subscription comes without its envelope. */
  validation(message: string): HttpAnswer {
    const id = randomUUID();
    const date = this.#clock.now().toISOString().slice(0, 19);
    const innerError = { date, 'request-id': id, 'client-request-id': id };
    return json(400, { code: 'ValidationError', message, innerError });
  }

  noSuchSubscription(): HttpAnswer {
    return this.of(404, 'ResourceNotFound', 'The object was not found.');
  }

  transport(rubbish: () => HttpAnswer): TransportAnswers {
    return {
      unavailable: (status) =>
        status === 504
          ? this.of(504, 'UnknownError', '')
          : this.of(status, 'serviceNotAvailable', 'The service is unavailable.'),
      rateLimited: (retryAfterS) =>
        this.of(429, 'TooManyRequests', 'Too Many Requests', { 'retry-after': String(retryAfterS) }),
      rubbish,
    };
  }
}
