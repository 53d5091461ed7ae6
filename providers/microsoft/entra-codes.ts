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
  [
    { kind: 'reauth_required', reason: 'session_revoked' },
    [50132, 50133, 50139, 50173, 70043, 70044, 70046, 51006, 500133],
  ],
  [{ kind: 'reauth_required', reason: 'token_idle_expired' }, [70008, 700082]],
  [{ kind: 'reauth_required', reason: 'refresh_token_expired' }, [700081, 700083, 700084]],
  // Consent withdrawn, declined or never given; corrupted or foreign tokens; the wrong account was chosen.
  [
    { kind: 'reauth_required', reason: 'access_revoked' },
    [
      16000, 16001, 16002, 16003, 40009, 40015, 50013, 50015, 50086, 50014, 50020, 50027, 50058, 50064, 50085, 50089,
      50140, 50143, 50149, 50168, 50180, 50197, 50199, 50201, 52004, 54005, 65001, 65004, 70018, 70019, 70037, 81004,
      81005, 81007, 81009, 81010, 81012, 90007, 90072, 90086, 160021, 500200, 500207, 500208, 700020, 1000000, 1000002,
      9002313,
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
      53007, 53008, 53009, 53010, 53011, 54000, 135010, 135011, 500021, 500022, 500212, 500213, 530001, 530002, 530003,
      530004, 530021, 530022, 530031, 530032, 530033, 530034, 530035, 530036, 530084, 700003,
    ],
  ],
  [
    { kind: 'admin_action', reason: 'admin_consent_required' },
    [50105, 65011, 90008, 90093, 90094, 90095, 90097, 90099, 501051, 650051, 650052, 900941, 7000112, 7000229],
  ],
  [
    { kind: 'admin_action', reason: 'admin_policy_enforced' },
    [
      20001, 20012, 20033, 40008, 50008, 50017, 50029, 50161, 50169, 50170, 50172, 51000, 90084, 90085, 90123, 120014,
      120015, 500014, 1000031, 1000104, 1002016,
    ],
  ],
  [{ kind: 'account_gone', reason: 'account_disabled' }, [50034, 50057, 51004, 120016, 500341, 500571, 700056]],
  [{ kind: 'rate_limited', reason: 'rate_limited' }, [50088, 50166, 50196, 90044, 90055]],
  [
    { kind: 'transient', reason: 'provider_unavailable' },
    [
      40010, 50000, 50006, 50007, 50033, 50053, 50087, 50120, 50206, 51005, 70012, 70016, 80001, 80002, 80005, 80007,
      80010, 80012, 80013, 80014, 120021, 501621, 90006, 90012, 90024, 90033, 90036, 90090, 90091,
    ],
  ],
  // The operator's app registration, secret or address, or our own request.
  [
    { kind: 'misconfigured', reason: 'app_credentials_invalid' },
    [
      28002, 28003, 50001, 50003, 50010, 50011, 50012, 50049, 50059, 50107, 50128, 50146, 50147, 50148, 50192, 50194,
      51001, 65002, 65005, 67003, 70001, 70002, 70003, 70004, 70005, 70007, 70011, 70021, 75001, 75003, 75005, 75008,
      75011, 75016, 90002, 90004, 90005, 90009, 90010, 90013, 90014, 90015, 90016, 90019, 90020, 90022, 90023, 90027,
      90038, 90043, 90051, 90056, 90092, 90100, 90102, 90107, 90117, 90121, 90124, 90126, 90130, 100007, 500011, 500112,
      500113, 650053, 650054, 650056, 650057, 700005, 700007, 700009, 700011, 700016, 700022, 700023, 700024, 700025,
      700027, 700030, 700038, 700046, 700051, 700054, 700211, 700212, 700213, 700229, 900144, 900382, 900383, 900384,
      900432, 900561, 900971, 901002, 501481, 501491, 1002012, 5000224, 7000012, 7000014, 7000110, 7000113, 7000114,
      7000116, 7000215, 7000216, 7000218, 7000219, 7000222, 9001023, 9002325, 9002326, 9002327, 9002331, 9002332,
      9002341, 9002346,
    ],
  ],
];

/**
 * Numbers that only say "credentials" or "grant" and come in front of the one that tells ("AADSTS70002: Error
 * validating credentials. AADSTS50057: …").
 */
const ENVELOPES: readonly number[] = [70000, 70002];

const BY_CODE = new Map(MEANINGS.flatMap(([meaning, codes]) => codes.map((code) => [code, meaning] as const)));

/** null for a number that is not known. */
export function meaningOf(code: number): EntraMeaning | null {
  return BY_CODE.get(code) ?? null;
}

/** The most telling of an answer's numbers: a known one before an unknown, an envelope last, else the longest. */
export function tellingCode(codes: readonly number[]): number | undefined {
  return codes.toSorted((a, b) => rank(a) - rank(b) || b - a)[0];
}

function rank(code: number): number {
  if (meaningOf(code) === null) return 2;
  return ENVELOPES.includes(code) ? 1 : 0;
}
