/** The headers by which the same message is known again in another folder or by another access type. */
export interface IdentifyingHeaders {
  messageId: string | null;
  date: Date | null;
  /** The address alone. */
  from: string | null;
  subject: string | null;
}

/**
 * The text whose hash is a message's fingerprint: Message-ID **and** date, sender and subject, so that a shared or
 * forged Message-ID hides no mail. null without a Message-ID: then the content's own hash has to serve.
 *
 * Too strict and a message that was moved is imported a second time; too lax and mail is lost. Headers are therefore
 * compared after decoding, but nothing else of them is forgiven.
 */
export function fingerprintText({ messageId, date, from, subject }: IdentifyingHeaders): string | null {
  if (messageId === null) return null;
  return JSON.stringify([messageId, date?.toISOString() ?? '', from?.toLowerCase() ?? '', subject ?? '']);
}
