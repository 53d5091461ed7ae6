import { Copyable } from '../copyable.tsx';

/** What to hand over where the organization's consent is missing; the person signs in again afterwards. */
export function AdminConsent({ url }: { url: string }) {
  return (
    <section className="stack" aria-labelledby="admin-consent">
      <h2 id="admin-consent">For an administrator of your organization</h2>
      <p>
        Send this link to an administrator. It opens a page that says what the app may read, and needs no account here:{' '}
        <Copyable value={url} label="link for the administrator">
          {`${new URL(url).host}/…/adminconsent`}
        </Copyable>
      </p>
      <p>
        <a href={url}>I am an administrator myself</a>
      </p>
    </section>
  );
}
