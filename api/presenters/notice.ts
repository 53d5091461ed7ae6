import type { NoticeRow } from '../../db/notices/notices.ts';
import type { NoticeOut } from '../schemas/notices.ts';

export function presentNotice(row: NoticeRow): NoticeOut {
  const isHeld = row.state === 'queued';
  const heldUntil = row.heldUntil?.getTime() ?? 0;
  return {
    id: row.id,
    kind: row.kind,
    tenant: row.tenantId,
    channel: row.channelId,
    incident: row.incidentId,
    to: row.recipient,
    why: row.why,
    state: row.state === 'queued' ? 'held' : row.state,
    error: row.error,
    due_at: isHeld ? new Date(Math.max(row.dueAt.getTime(), heldUntil)).toISOString() : null,
    held_by: row.heldBy,
    at: row.at.toISOString(),
  };
}
