/** What a message's content is: mail, or a record of a CRM as its provider gives it. */
export const MEDIA_TYPES = ['message/rfc822', 'application/json'] as const;
export type MediaType = (typeof MEDIA_TYPES)[number];
