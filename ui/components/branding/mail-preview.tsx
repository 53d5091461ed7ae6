import { useState } from 'react';
import { NativeSelect } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { LOCALES } from '../../../domain/locale.ts';
import type { Locale } from '../../../domain/locale.ts';
import { NOTICE_KINDS } from '../../../domain/notices/notice.ts';
import type { NoticeKind } from '../../../domain/notices/notice.ts';
import type { Branding } from '../../../api/schemas/branding.ts';
import { mailPreviewQuery } from '../../data/settings-queries.ts';
import { NOTICE_KIND_WORDS } from '../../words/notice-words.ts';
import { LOCALE_WORDS } from '../../words/policy-words.ts';
import { localeOr } from '../../data/policy-draft.ts';
import { Loading } from '../loading.tsx';
import { MailFrame } from './preview-frame.tsx';
import type { Look } from './preview-look.tsx';

/** How long typing rests before the mail is composed again, in ms. */
const COMPOSE_AFTER_MS = 300;

/** A mail with invented facts, as its recipient sees it. */
export function MailPreview({ branding, look }: { branding: Branding; look: Look }) {
  const [kind, setKind] = useState<NoticeKind>('reauth_required');
  const [locale, setLocale] = useState<Locale>('en');
  const [settled] = useDebouncedValue(branding, COMPOSE_AFTER_MS);
  const mail = useQuery(mailPreviewQuery({ kind, locale, branding: settled }));
  return (
    <>
      <div className="preview-choices">
        <NativeSelect
          label="Mail"
          value={kind}
          data={NOTICE_KINDS.map((one) => ({ value: one, label: NOTICE_KIND_WORDS[one] }))}
          onChange={(event) => setKind(NOTICE_KINDS.find((one) => one === event.currentTarget.value) ?? kind)}
        />
        <NativeSelect
          label="Language"
          value={locale}
          data={LOCALES.map((one) => ({ value: one, label: LOCALE_WORDS[one] }))}
          onChange={(event) => setLocale(localeOr(event.currentTarget.value, locale))}
        />
      </div>
      <Loading query={mail}>Composing the mail…</Loading>
      {mail.data && (
        <>
          <p className="mail-head">
            <span className="meta">Subject: </span>
            <strong>{mail.data.subject}</strong>
          </p>
          <div className="preview-stage">
            {look.asText ? (
              <pre className="mail-text" style={{ maxWidth: look.width }}>
                {mail.data.text}
              </pre>
            ) : (
              <MailFrame title="The mail" width={look.width} scheme={look.scheme} html={mail.data.html} />
            )}
          </div>
        </>
      )}
    </>
  );
}
