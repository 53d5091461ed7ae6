import type { ProviderAnswer, Verdict } from '../../domain/verdict.ts';
import { tokenRefused, unknown, verdict } from '../../domain/verdict-builders.ts';

/**
 * Why Exchange, in the cloud or on premises, refuses a bearer token: `x-ms-diagnostics: 2000008;reason="…";
 * error_category="invalid_grant"` (learn.microsoft.com/exchange/client-developer/exchange-web-services/
 * instrumenting-client-requests-for-ews-and-rest-in-exchange). The body is empty then. null where the header is absent.
 */
export function classifyDiagnostics(answer: ProviderAnswer): Verdict | null {
  const category = /error_(?:category|type)="?(\w+)/i.exec(answer.headers['x-ms-diagnostics'] ?? '')?.[1];
  switch (category) {
    case undefined:
      return null;
    case 'invalid_resource':
    case 'invalid_client':
      return verdict('misconfigured', 'app_credentials_invalid', { providerCode: category });
    case 'invalid_grant':
      return verdict('insufficient_scope', 'insufficient_scope', { providerCode: category });
    case 'invalid_tenant':
      return verdict('account_gone', 'mailbox_unavailable', { providerCode: category });
    case 'invalid_user':
      // Also for minutes after a mailbox was made or moved.
      return verdict('account_gone', 'mailbox_unavailable', { providerCode: category, vague: true });
    case 'oauth_not_available':
      return verdict('admin_action', 'admin_policy_enforced', { providerCode: category });
    default:
      return answer.httpStatus === 401 ? tokenRefused(category) : unknown(answer, category);
  }
}
