import { createContext, Suspense, use, useContext, useLayoutEffect, useMemo, useState } from 'react';
import type { ReactNode } from 'react';
import type { AccessType } from '../../../domain/access-type.ts';
import type { Locale } from '../../../domain/locale.ts';
import { counted, fill, momentIn, numberIn, providerParts } from '../../words/connect/fill.ts';
import type { Parts } from '../../words/connect/fill.ts';
import { loadWords, preferredLanguage, rememberLanguage } from '../../words/connect/languages.ts';
import type { ConnectWords, Counted } from '../../words/connect/shape.ts';

interface Speaking {
  locale: Locale;
  words: ConnectWords;
  /** What the product calls itself. */
  product: string;
  /** A sentence of plain text. */
  say: (text: string, parts?: Parts) => string;
  count: (forms: Counted, n: number, parts?: Parts) => string;
  number: (n: number) => string;
  moment: (iso: string) => string;
  /** `provider` and `at`, for sentences about who runs an account. */
  providerParts: (provider: string, accessType?: AccessType) => { provider: string; at: string };
  choose: (locale: Locale) => void;
}

const Words = createContext<Speaking | null>(null);

export function useWords(): Speaking {
  const speaking = useContext(Words);
  if (!speaking) throw new Error('useWords stands within a SpeakingPage');
  return speaking;
}

interface PageProps {
  product: string;
  /** The language for a browser that wants none of ours. */
  fallback: Locale | undefined;
  children: ReactNode;
}

/** A page in the language of its reader, whose words alone are loaded. */
export function SpeakingPage({ product, fallback = 'en', children }: PageProps) {
  const [preferred, setPreferred] = useState(preferredLanguage);
  const choose = (locale: Locale) => {
    rememberLanguage(locale);
    // The old language stays until the words are here.
    void loadWords(locale).then(
      () => setPreferred(locale),
      () => {},
    );
  };
  return (
    <Suspense fallback={<main className="narrow" aria-busy="true" />}>
      <InLanguage locale={preferred ?? fallback} product={product} choose={choose}>
        {children}
      </InLanguage>
    </Suspense>
  );
}

interface LanguageProps {
  locale: Locale;
  product: string;
  choose: (locale: Locale) => void;
  children: ReactNode;
}

function InLanguage(props: LanguageProps) {
  const { locale } = props;
  useLayoutEffect(() => {
    document.documentElement.lang = locale;
    return () => {
      document.documentElement.lang = 'en'; // the workspace's
    };
  }, [locale]);
  return <SpokenPart {...props} />;
}

/** A part of a page in one language; it suspends until the words are here. */
export function SpokenPart({ locale, product, choose, children }: LanguageProps) {
  const words = use(loadWords(locale));
  const speaking = useMemo(() => speak({ locale, words, product, choose }), [locale, words, product, choose]);
  return <Words value={speaking}>{children}</Words>;
}

type Spoken = Pick<Speaking, 'locale' | 'words' | 'product' | 'choose'>;

function speak({ locale, words, product, choose }: Spoken): Speaking {
  return {
    locale,
    words,
    product,
    choose,
    say: (text, parts = {}) => fill(text, { product, ...parts }),
    count: (forms, n, parts) => counted(locale, forms, n, parts),
    number: (n) => numberIn(locale, n),
    moment: (iso) => momentIn(locale, iso),
    providerParts: (provider, accessType) => providerParts(words, provider, accessType),
  };
}
