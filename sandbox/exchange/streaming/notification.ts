import { Html, html as xml } from '../../html.ts';
import type { EwsError } from '../soap/answer.ts';
import { ewsAnswer, failed, succeeded } from '../soap/answer.ts';
import type { MailboxChange } from './mailbox-change.ts';

/** The envelopes that GetStreamingEvents answers one after the other, each a document of its own. */

/** Also the sign of life: then nothing has happened. */
export const STATUS = (status: 'OK' | 'Closed'): string =>
  envelope(succeeded('GetStreamingEvents', xml`<m:ConnectionStatus>${status}</m:ConnectionStatus>`));

/** A subscription to which nothing has happened for a while. */
export const stillThere = (id: string): string => notification(id, [xml`<t:StatusEvent/>`]);

export function notificationOf(id: string, changes: readonly MailboxChange[], at: Date): string {
  return notification(
    id,
    changes.map((change) => eventOf(change, at)),
  );
}

export const refusal = (error: EwsError, ids: readonly string[]): Html =>
  failed(
    'GetStreamingEvents',
    error,
    xml`<m:ErrorSubscriptionIds>${ids.map((id) => xml`<t:SubscriptionId>${id}</t:SubscriptionId>`)}</m:ErrorSubscriptionIds>`,
  );

export const envelope = (message: Html): string => ewsAnswer('GetStreamingEvents', [message]).body;

function notification(id: string, events: readonly Html[]): string {
  return envelope(
    succeeded(
      'GetStreamingEvents',
      xml`<m:Notifications><m:Notification><t:SubscriptionId>${id}</t:SubscriptionId>${events}</m:Notification></m:Notifications>`,
    ),
  );
}

function eventOf({ type, item, folder, parent, from }: MailboxChange, at: Date): Html {
  const name = new Html(`t:${type}`);
  const what =
    item === null
      ? xml`<t:FolderId Id="${folder}" ChangeKey="AQAAAA=="/>`
      : xml`<t:ItemId Id="${item}" ChangeKey="CQAAAA=="/>`;
  const before =
    from &&
    xml`<t:OldItemId Id="${from.item}" ChangeKey="CQAAAA=="/><t:OldParentFolderId Id="${from.folder}" ChangeKey="AQAAAA=="/>`;
  return xml`<${name}><t:TimeStamp>${at.toISOString().slice(0, 19)}Z</t:TimeStamp>${what}<t:ParentFolderId Id="${parent}" ChangeKey="AQAAAA=="/>${before}</${name}>`;
}
