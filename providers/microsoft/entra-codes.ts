import type { StatusReason, VerdictKind } from '../../domain/verdict.ts';

/** What an AADSTS number means; `vague` where the same number also comes for what heals. */
export interface EntraMeaning {
  kind: VerdictKind;
  reason: StatusReason;
  vague?: true;
}

/**
 * AADSTS numbers by meaning (learn.microsoft.com/entra/identity-platform/reference-error-codes). `error` alone is too
 * coarse: `invalid_grant` comes with a locked account, a blocked device and a revoked token alike.
 */
const MEANINGS: readonly (readonly [EntraMeaning, readonly number[]])[] = [
  // The grant is over: password changed, sessions revoked, sign-in too long ago.
  [{ kind: 'reauth_required', reason: 'session_revoked' }, [50132, 50133, 50173, 70043, 70044, 70046, 51006, 500133]],
  [{ kind: 'reauth_required', reason: 'token_idle_expired' }, [70008, 700082]],
  [{ kind: 'reauth_required', reason: 'refresh_token_expired' }, [700081, 700083, 700084]],
  // Consent withdrawn, declined or never given; corrupted or foreign tokens; the wrong account was chosen.
  [
    { kind: 'reauth_required', reason: 'access_revoked' },
    [
      16000, 16001, 16002, 16003, 50013, 50014, 50020, 50027, 50058, 50064, 50085, 50089, 50140, 50143, 50149, 50168,
      50197, 50199, 52004, 54005, 65001, 65004, 70018, 70019, 70037, 81004, 81005, 81007, 81009, 81010, 81012, 90007,
      90072, 90086, 160021, 700020, 1000000, 1000002, 9002313,
    ],
  ],
  // Seen to work again by itself: believed after spaced tries only.
  [{ kind: 'reauth_required', reason: 'access_revoked', vague: true }, [70000]],
  [
    { kind: 'reauth_required', reason: 'mfa_required' },
    [50072, 50074, 50076, 50078, 50079, 50125, 50158, 53004, 500121],
  ],
  [
    { kind: 'reauth_required', reason: 'password_changed' },
    [50055, 50056, 50126, 50135, 50142, 50144, 120000, 120002, 120003, 120004, 120005, 120008, 120011, 120012, 120013],
  ],
  // The tenant's administrator: devices, locations, risk, assignment, consent for the organization.
  [
    { kind: 'admin_action', reason: 'conditional_access' },
    [
      50002, 50005, 50097, 50127, 50129, 50131, 50155, 50177, 50178, 50187, 53000, 53001, 53002, 53003, 53005, 53006,
      53007, 53008, 53009, 53010, 53011, 54000, 80012, 135010, 135011, 500021, 500022, 500212, 530001, 530002, 530003,
      530004, 530021, 530022, 530031, 530032, 530033, 530034, 530035, 700003,
    ],
  ],
  [
    { kind: 'admin_action', reason: 'admin_consent_required' },
    [50105, 65011, 90008, 90093, 90094, 90095, 90097, 90099, 501051, 650051, 650052, 7000112, 7000229],
  ],
  [{ kind: 'admin_action', reason: 'admin_policy_enforced' }, [500014, 1002016]],
  [{ kind: 'account_gone', reason: 'account_disabled' }, [50034, 50057, 51001, 51004]],
  [{ kind: 'rate_limited', reason: 'rate_limited' }, [50196, 90055, 90044]],
  [
    { kind: 'transient', reason: 'provider_unavailable' },
    [
      50000, 50006, 50033, 50053, 50087, 50120, 51005, 70012, 70016, 80001, 80002, 80005, 80007, 80010, 80013, 80014,
      90006, 90012, 90020, 90024, 90033, 90036, 90090, 90091,
    ],
  ],
  // The operator's app registration, secret or address, or our own request.
  [
    { kind: 'misconfigured', reason: 'app_credentials_invalid' },
    [
      50001, 50003, 50010, 50011, 50012, 50049, 50059, 50107, 50128, 50146, 50148, 50194, 65002, 65005, 67003, 70001,
      70002, 70003, 70004, 70005, 70007, 70011, 70021, 75001, 75003, 75005, 75008, 75011, 75016, 90002, 90004, 90005,
      90009, 90010, 90013, 90014, 90015, 90016, 90019, 90022, 90023, 90027, 90038, 90043, 90051, 90056, 90092, 90100,
      100007, 500011, 500112, 500113, 650053, 650054, 650056, 650057, 700005, 700007, 700009, 700016, 700022, 700023,
      700024, 700025, 700027, 700030, 700038, 700046, 700054, 700211, 700212, 700213, 900144, 900382, 900383, 900432,
      900561, 900971, 5000224, 7000012, 7000014, 7000110, 7000113, 7000114, 7000116, 7000215, 7000216, 7000218, 7000219,
      7000222, 9001023, 9002325, 9002326, 9002327, 9002331, 9002332, 9002341,
    ],
  ],
];

const BY_CODE = new Map(MEANINGS.flatMap(([meaning, codes]) => codes.map((code) => [code, meaning] as const)));

/** null for a number that is not known. */
export function meaningOf(code: number): EntraMeaning | null {
  return BY_CODE.get(code) ?? null;
}
