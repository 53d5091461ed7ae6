import { useSearchParams } from 'react-router';
import { Wordmark } from '../components/wordmark.tsx';

/** Where an administrator lands after the provider's page for consent. Nothing is stored: a sign-in proves the consent. */
export function AdminConsentPage() {
  const allowed = useSearchParams()[0].get('outcome') === 'allowed';
  return (
    <main className="narrow connect">
      <div className="card">
        <Wordmark />
        <title>{allowed ? 'Consent sent – Mooring' : 'Consent refused – Mooring'}</title>
        <h1>{allowed ? 'Thank you' : 'The app is not allowed'}</h1>
        {allowed ? (
          <p>
            Please tell the person who sent you this link to sign in again; the account is connected then. You can close
            this page.
          </p>
        ) : (
          <p>
            Nothing was changed. The account stays unconnected until an administrator allows the app; the same link can
            be opened again for that.
          </p>
        )}
      </div>
    </main>
  );
}
