import { useQuery } from '@tanstack/react-query';
import { useSearchParams } from 'react-router';
import { PageFrame } from '../components/connect/page-frame.tsx';
import { PageHeading } from '../components/connect/page-heading.tsx';
import { useWords } from '../components/connect/speaking.tsx';
import { pageBrandingQuery } from '../data/link-queries.ts';

/** Where an administrator lands after the provider's page for consent. Nothing is stored: a sign-in proves the consent. */
export function AdminConsentPage() {
  const { data: branding } = useQuery(pageBrandingQuery);
  return (
    <PageFrame branding={branding}>
      <Outcome />
    </PageFrame>
  );
}

function Outcome() {
  const { words } = useWords();
  const allowed = useSearchParams()[0].get('outcome') === 'allowed';
  const { title, sentence } = allowed ? words.admin.thanks : words.admin.refused;
  return (
    <>
      <PageHeading title={title} />
      <p>{sentence}</p>
    </>
  );
}
