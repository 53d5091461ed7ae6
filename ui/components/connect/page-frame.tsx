import { useState } from 'react';
import type { CSSProperties, ReactNode } from 'react';
import { LOCALES } from '../../../domain/locale.ts';
import type { Locale } from '../../../domain/locale.ts';
import { accentOn } from '../../../domain/colour/accent.ts';
import type { PageBranding } from '../../../api/schemas/branding.ts';
import { LANGUAGE_NAMES } from '../../words/connect/languages.ts';
import { Wordmark } from '../wordmark.tsx';
import { SpeakingPage, useWords } from './speaking.tsx';

interface FrameProps {
  /** undefined until it is known. */
  branding: PageBranding | undefined;
  locale?: Locale | undefined;
  children: ReactNode;
}

/** The frame of every page for people without a login: the product's own name, logo and colour, in their language. */
export function PageFrame({ branding, locale, children }: FrameProps) {
  return (
    <SpeakingPage product={branding?.name ?? 'Mooring'} fallback={locale}>
      <BrandedPage branding={branding}>{children}</BrandedPage>
    </SpeakingPage>
  );
}

/** What is within it, in a language that was chosen. */
export function BrandedPage({ branding, children }: Pick<FrameProps, 'branding' | 'children'>) {
  return (
    <div className={branding?.accent_color ? 'connect accented' : 'connect'} style={accentStyle(branding)}>
      <main className="narrow">
        <div className="card">
          <Brand branding={branding} />
          {children}
        </div>
      </main>
      <Foot branding={branding} />
    </div>
  );
}

/** The accent for both colour schemes; `connect.css` takes the one that is shown. */
function accentStyle(branding: PageBranding | undefined): CSSProperties {
  if (!branding?.accent_color) return {};
  const entries = Object.entries(accentOn(branding.accent_color)).flatMap(([scheme, accent]) =>
    Object.entries(accent).map(([use, color]) => [`--${scheme}-${use}`, color as string]),
  );
  return Object.fromEntries(entries) as CSSProperties;
}

function Brand({ branding }: Pick<FrameProps, 'branding'>) {
  const [failed, setFailed] = useState(false);
  if (!branding) return <span className="brand" />;
  const { name, logo_url: logo } = branding;
  if (logo === null || failed) return name === null ? <Wordmark /> : <strong className="brand">{name}</strong>;
  return <img className="brand-logo" src={logo} alt={name ?? ''} onError={() => setFailed(true)} />;
}

function Foot({ branding }: Pick<FrameProps, 'branding'>) {
  const { words } = useWords();
  const { support_url: help, support_email: email, privacy_url: privacy } = branding ?? {};
  return (
    <footer className="connect-foot">
      {help && <FootLink href={help}>{words.page.help}</FootLink>}
      {email && <a href={`mailto:${email}`}>{email}</a>}
      {privacy && <FootLink href={privacy}>{words.page.privacy}</FootLink>}
      <LanguageSwitch />
    </footer>
  );
}

/** In a tab of its own: a person in the middle of signing in loses nothing. */
function FootLink({ href, children }: { href: string; children: string }) {
  return (
    <a href={href} target="_blank" rel="noreferrer">
      {children}
    </a>
  );
}

function LanguageSwitch() {
  const { locale, words, choose } = useWords();
  return (
    <label className="language">
      <span>{words.page.language}</span>
      <select value={locale} onChange={(event) => choose(event.currentTarget.value as Locale)}>
        {LOCALES.map((one) => (
          <option key={one} value={one} lang={one}>
            {LANGUAGE_NAMES[one]}
          </option>
        ))}
      </select>
    </label>
  );
}
