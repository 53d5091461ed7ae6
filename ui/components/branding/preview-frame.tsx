export type Scheme = 'light' | 'dark';

interface FrameProps {
  title: string;
  width: number;
  scheme: Scheme;
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
