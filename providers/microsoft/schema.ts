import { z } from 'zod';

/** Only what is read; Graph adds fields at will. */
const id = z.string().min(1);
const link = z.url();

/** https://learn.microsoft.com/graph/api/user-get */
export const user = z.object({ id, mail: z.string().nullish(), userPrincipalName: z.string().nullish() });

/** https://learn.microsoft.com/graph/api/resources/mailfolder */
export const folder = z.object({ id, displayName: z.string(), parentFolderId: z.string().nullish() });
export type Folder = z.infer<typeof folder>;

const removed = z.object({ reason: z.string().optional() }).optional();
const links = { '@odata.nextLink': link.optional(), '@odata.deltaLink': link.optional() };

/** https://learn.microsoft.com/graph/api/mailfolder-delta */
export const folderPage = z.object({
  value: z.array(z.union([folder, z.object({ id, '@removed': z.object({}) })])),
  ...links,
});

/** https://learn.microsoft.com/graph/api/resources/message, as selected */
export const messageFacts = z.object({
  id,
  /** Whole seconds. */
  receivedDateTime: z.iso.datetime({ offset: true }).optional(),
  '@removed': removed,
});

/** https://learn.microsoft.com/graph/api/message-delta and user-list-messages */
export const messagePage = z.object({ value: z.array(messageFacts), ...links });
export type MessagePage = z.infer<typeof messagePage>;

/** https://learn.microsoft.com/graph/api/resources/subscription */
export const subscription = z.object({ id, expirationDateTime: z.iso.datetime({ offset: true }) });

/** https://learn.microsoft.com/graph/change-notifications-delivery-webhooks, and -lifecycle-events */
export const notifications = z.object({
  value: z
    .array(
      z.object({
        subscriptionId: id,
        clientState: z.string().nullish(),
        lifecycleEvent: z.string().optional(),
      }),
    )
    .min(1),
});

/** Our cursor of a folder: the link with which Graph continues, opaque to us. */
export const cursor = z.object({ link });

/** Our position within a window: dated at `before` or earlier, without `seen`; or Graph's own next page. */
export const windowPosition = z.union([
  z.object({ before: z.iso.datetime(), seen: z.array(z.string()) }),
  z.object({ link }),
]);
export type WindowPosition = z.infer<typeof windowPosition>;
