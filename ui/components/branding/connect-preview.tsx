import { Suspense } from 'react';
import { useQuery } from '@tanstack/react-query';
import type { Locale } from '../../../domain/locale.ts';
import type { Branding } from '../../../api/schemas/branding.ts';
import type { ConnectSession } from '../../../api/schemas/connect.ts';
import { serverNow } from '../../data/client.ts';
import { sessionQuery } from '../../data/queries.ts';
import { BrandedPage } from '../connect/page-frame.tsx';
import { Request } from '../connect/request/request.tsx';
import { SignInChoice } from '../connect/sign-in-choice.tsx';
import { SpokenPart } from '../connect/speaking.tsx';
import { PagePreview } from './preview-frame.tsx';
import type { Look } from './preview-look.tsx';

/** The preview has a choice of languages of its own. */
const chooseNothing = () => {};
const HOUR_MS = 3_600_000;

interface PreviewProps {
  branding: Branding;
  /** The logo as this page has it, a `data:` address; null: none. */
  logo: string | null;
  look: Look;
}

/** The page that asks a person to sign in again, as that person sees it. */
export function ConnectPreview({ branding, logo, look }: PreviewProps) {
  const { locale } = look;
  const way = useQuery(sessionQuery).data?.sign_in.find(({ password }) => password === null);
  if (!way) return null;
  const shown = { ...branding, logo_url: logo };
  const session = sampleSession(shown, way, locale);
  return (
    <PagePreview title="The connect page" width={look.width} scheme={look.scheme} lang={locale}>
      <Suspense fallback={null}>
        <SpokenPart locale={locale} product={branding.name ?? 'Mooring'} choose={chooseNothing}>
          <BrandedPage key={logo} branding={shown}>
            <Request session={session} />
            <SignInChoice
              link="preview"
              session={session}
              ways={[way]}
              chosen={way.access_type}
              onChoose={chooseNothing}
            />
          </BrandedPage>
        </SpokenPart>
      </Suspense>
    </PagePreview>
  );
}

/** A link to sign in again, of a channel that does not exist. */
function sampleSession(branding: Branding, way: ConnectSession['sign_in'][number], locale: Locale): ConnectSession {
  const account = { email: 'ana@example.com', login: 'ana@example.com', provider_id: '' };
  return {
    purpose: 'reauthorize',
    access_types: [way.access_type],
    other_access_types: [],
    sign_in: [way],
    tenant: 'acme',
    display_name: 'Acme Ltd',
    locale,
    branding,
    channel: {
      account,
      access_type: way.access_type,
      access: { label: way.label, provider: way.provider, causes: {} },
      status: 'reauth_required',
      status_reason: 'access_revoked',
      action: 'reauthorize',
      cause: 'access_revoked',
      import: 'continuous',
      status_since: new Date(serverNow() - HOUR_MS).toISOString(),
      server: null,
      smtp: null,
    },
    import: 'continuous',
    uses: ['read'],
    admin_consent_url: null,
    expires_at: new Date(serverNow() + 24 * HOUR_MS).toISOString(),
    done: false,
    result: null,
    return_to: null,
    origin: null,
    shared_mailbox: null,
    sandbox_page: null,
  };
}
