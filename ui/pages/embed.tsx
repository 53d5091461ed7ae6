import { useState } from 'react';
import { Button, TextInput } from '@mantine/core';
import { useMutation, useQuery } from '@tanstack/react-query';
import type { BannerToken } from '../../api/schemas/banner.ts';
import type { Link } from '../../api/schemas/links.ts';
import { Ahead } from '../components/clock.tsx';
import { Copyable } from '../components/copyable.tsx';
import { ProblemNotice } from '../components/notice.tsx';
import { call } from '../data/client.ts';
import { sessionQuery } from '../data/queries.ts';

interface Wish {
  tenant: string;
  ownerEmail: string;
}

/** What a developer of the product needs to put the banner into a page, and a page of the sandbox that has it. */
export function EmbedPage() {
  const sandbox = useQuery(sessionQuery).data?.sandbox_page ?? null;
  return (
    <>
      <title>Banner and popup – Mooring</title>
      <div className="page-head">
        <h1>Banner and popup</h1>
      </div>
      <p className="lead">
        Your own pages show a banner while a channel needs someone, and connect accounts in a popup. List the origins of
        your pages in the tenant’s settings; the sandbox’s page may always show it.
      </p>
      <TokenForm sandbox={sandbox} />
    </>
  );
}

function TokenForm({ sandbox }: { sandbox: string | null }) {
  const [wish, setWish] = useState<Wish>({ tenant: 'acme', ownerEmail: '' });
  const make = useMutation({ mutationFn: () => makeBoth(wish, sandbox) });
  return (
    <form
      className="panel stack"
      aria-label="Make a banner token"
      onSubmit={(event) => {
        event.preventDefault();
        make.mutate();
      }}
    >
      <TextInput
        label="Tenant"
        required
        withAsterisk={false}
        value={wish.tenant}
        onChange={(event) => setWish({ ...wish, tenant: event.currentTarget.value })}
      />
      <TextInput
        label="Person"
        description="Shows what this owner or admin looks after; empty: the whole tenant"
        type="email"
        value={wish.ownerEmail}
        onChange={(event) => setWish({ ...wish, ownerEmail: event.currentTarget.value })}
      />
      <div className="actions">
        <Button type="submit" disabled={make.isPending}>
          {make.isPending ? 'Making a token…' : 'Make a token'}
        </Button>
      </div>
      {make.error && <ProblemNotice error={make.error} />}
      {make.data && <Snippet made={make.data} sandbox={sandbox} />}
    </form>
  );
}

interface Made {
  token: BannerToken;
  /** For the popup of the sandbox's page; null: there is none. */
  link: Link | null;
}

async function makeBoth({ tenant, ownerEmail }: Wish, sandbox: string | null): Promise<Made> {
  const email = ownerEmail.trim();
  const token = await call<BannerToken>('POST', '/v1/banner-tokens', {
    tenant: tenant.trim(),
    ...(email !== '' && { owner_email: email }),
  });
  if (sandbox === null) return { token, link: null };
  const link = await call<Link>('POST', '/v1/links', {
    tenant: tenant.trim(),
    origin: new URL(sandbox).origin,
    ...(email !== '' && { owner: { email } }),
  });
  return { token, link };
}

function Snippet({ made: { token, link }, sandbox }: { made: Made; sandbox: string | null }) {
  const script = `<script src="${window.location.origin}/mooring.js" async></script>`;
  const element = `<mooring-banner token="${token.token}"></mooring-banner>`;
  return (
    <div role="status" className="stack">
      <p>
        Put both lines into your page. The token ends <Ahead at={token.expires_at} />; your server makes another with{' '}
        <code>POST /v1/banner-tokens</code>.
      </p>
      <p>
        <Copyable value={script} label="script tag" />
      </p>
      <p>
        <Copyable value={element} label="banner element" />
      </p>
      {sandbox !== null && link !== null && (
        <p>
          <a href={productAddress(sandbox, token, link)} target="_blank" rel="noreferrer">
            Open a page that has them
          </a>
        </p>
      )}
    </div>
  );
}

/** In the fragment, which no server is sent. */
function productAddress(sandbox: string, { token }: BannerToken, { url }: Link): string {
  const address = new URL('/product', sandbox);
  address.hash = new URLSearchParams({ token, link: url }).toString();
  return address.href;
}
