import { useState } from 'react';
import { NativeSelect } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { NOTICE_KINDS } from '../../../domain/notices/notice.ts';
import type { NoticeKind } from '../../../domain/notices/notice.ts';
import type { Branding } from '../../../api/schemas/branding.ts';
import { mailPreviewQuery } from '../../data/settings-queries.ts';
import { NOTICE_KIND_WORDS } from '../../words/notice-words.ts';
import { Loading } from '../loading.tsx';
import { MailFrame } from './preview-frame.tsx';
import type { Look } from './preview-look.tsx';

/** How long typing rests before the mail is composed again, in ms. */
const COMPOSE_AFTER_MS = 300;

/** A mail with invented facts, as its recipient sees it. */
export function MailPreview({ branding, look }: { branding: Branding; look: Look }) {
  const [kind, setKind] = useState<NoticeKind>('reauth_required');
  const [settled] = useDebouncedValue(branding, COMPOSE_AFTER_MS);
  const mail = useQuery(mailPreviewQuery({ kind, locale: look.locale, branding: settled }));
  return (
    <>
      <div className="preview-choices">
        <NativeSelect
          label="Mail"
          value={kind}
          data={NOTICE_KINDS.map((one) => ({ value: one, label: NOTICE_KIND_WORDS[one] }))}
          onChange={(event) => setKind(NOTICE_KINDS.find((one) => one === event.currentTarget.value) ?? kind)}
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
