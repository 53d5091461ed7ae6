export type Scheme = 'light' | 'dark';

interface FrameProps {
  title: string;
  width: number;
  scheme: Scheme;
}

/** A mail as a program shows it: nothing of it runs, and it reaches nothing of ours. */
export function MailFrame({ title, width, scheme, html }: FrameProps & { html: string }) {
  return (
    <iframe className="preview-frame" title={title} style={{ width, colorScheme: scheme }} sandbox="" srcDoc={html} />
  );
}
