import type { FetchedMessage, ListedItem, Provider, Session } from '../../providers/contract.ts';
import { dice, ModelMailbox } from './model/model-mailbox.ts';
import { modelProvider } from './model/model-provider.ts';

interface Task {
  subject: string;
  revision: number;
  at: Date;
}

/** A CRM in memory: records that change, each change told as `id@revision`. */
export function recordProvider() {
  const tasks = new Map<string, Task>();
  /** Every change, in order; a cursor is how many were told. */
  const changes: string[] = [];
  const mailbox = new ModelMailbox(['unused'], 0, () => new Date());
  const model = modelProvider(() => ({ mailbox, tellsTime: true, walks: false, roll: dice(1), meet: () => {} }));

  const contract: Partial<Session> = {
    parts: async () => [{ scope: 'Task', name: null }],
    headOf: async (part) => ({ ...part, cursor: String(changes.length), at: new Date() }),
    newestAt: async () => null,
    listChanges: async (_scope, cursor) => {
      const items = changes.slice(Number(cursor)).map((change) => toItem(change));
      return { items, cursor: String(changes.length), more: false, at: new Date() };
    },
    listWindow: async (_scope, { from, to }) => {
      const dated = [...tasks].filter(([, { at }]) => at >= from && at <= to);
      return { items: dated.map(([id, { revision }]) => toItem(`${id}@${revision}`)), position: null, estimate: null };
    },
    fetchMessages: (_scope, items) => fetchTasks(items),
  };

  async function* fetchTasks(items: ListedItem[]): AsyncGenerator<FetchedMessage> {
    for (const item of items) {
      const [id = '', revision] = item.providerId.split('@');
      const task = tasks.get(id);
      if (!task || task.revision !== Number(revision)) yield { outcome: 'skipped', item, reason: 'gone' };
      else yield toMessage(item, id, task);
    }
  }

  function toMessage(item: ListedItem, providerId: string, { subject, revision, at }: Task): FetchedMessage {
    const content = Buffer.from(JSON.stringify({ Id: providerId, Subject: subject }));
    return {
      outcome: 'message',
      item,
      mediaType: 'application/json',
      raw: inOne(content),
      envelope: { subject, sender: { email: 'ana@example.com', name: null }, recipients: [], date: at },
      record: { providerId, revision },
      receivedAt: at,
      folder: 'Task',
      sizeEstimate: content.byteLength,
    };
  }

  const provider: Provider = {
    ...model,
    openSession: async (access, signal) => ({ ...(await model.openSession(access, signal)), ...contract }),
  };
  return {
    provider,
    /** The user makes or changes a task. */
    save: (id: string, subject: string): void => {
      const revision = (tasks.get(id)?.revision ?? 0) + 1;
      tasks.set(id, { subject, revision, at: new Date() });
      changes.push(`${id}@${revision}`);
    },
  };
}

async function* inOne(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}

const toItem = (providerId: string): ListedItem => ({ providerId, generation: '' });
