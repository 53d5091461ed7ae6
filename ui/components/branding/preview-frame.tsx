import { useEffect, useState } from 'react';
import type { ReactNode } from 'react';
import { createPortal } from 'react-dom';

export type Scheme = 'light' | 'dark';

interface FrameProps {
  title: string;
  width: number;
  scheme: Scheme;
}

interface PageProps extends FrameProps {
  lang: string;
  children: ReactNode;
}

/** A page of ours as others see it: at their width and in their colours. Its buttons do nothing. */
export function PagePreview({ title, width, scheme, lang, children }: PageProps) {
  const [page, setPage] = useState<Document | null>(null);
  useEffect(() => {
    if (page === null) return;
    page.documentElement.dataset['mantineColorScheme'] = scheme;
    page.documentElement.lang = lang;
  }, [page, scheme, lang]);
  return (
    <iframe
      className="preview-frame"
      title={title}
      style={{ width }}
      tabIndex={-1}
      sandbox="allow-same-origin"
      srcDoc="<!doctype html><html><body></body></html>"
      onLoad={(event) => setPage(dressed(event.currentTarget.contentDocument))}
    >
      {page !== null && createPortal(<div inert>{children}</div>, page.body)}
    </iframe>
  );
}

/** Gives a document our styles. */
function dressed(page: Document | null): Document | null {
  if (page === null) return null;
  for (const sheet of document.head.querySelectorAll('style, link[rel="stylesheet"]'))
    page.head.append(page.importNode(sheet, true));
  return page;
}

/** A mail as a program shows it: nothing of it runs, and it reaches nothing of ours. */
export function MailFrame({ title, width, scheme, html }: FrameProps & { html: string }) {
  return (
    <iframe
      className="preview-frame"
      data-scheme={scheme}
      title={title}
      style={{ width }}
      sandbox=""
      srcDoc={inScheme(html, scheme)}
    />
  );
}

/** A frame follows the browser's scheme, so the mail's own question for it is answered before. */
function inScheme(html: string, scheme: Scheme): string {
  return html
    .replaceAll(/\(prefers-color-scheme:\s*dark\)/g, scheme === 'dark' ? 'all' : 'not all')
    .replaceAll('color-scheme:light dark', `color-scheme:${scheme}`);
}
