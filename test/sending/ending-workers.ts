import { expect, test } from 'vitest';
import { startWorkerProcess } from '../connections/server-process.ts';
import { until } from '../support/engine.ts';
import { mail, newKey } from './raise-sending.ts';
import type { Sending } from './raise-sending.ts';

/** The tests of a worker that stops or is killed while a mail server has the message and gives no answer yet. */
export function endingWorkers(stage: () => Sending): void {
  test('R-32: a worker that is asked to stop waits for the answer to a message that has left', async () => {
    const { engine, smtp, channels, send } = stage();
    const channelId = await channels.imap('nora@example.com');
    const { messageId, raw } = mail({ from: 'nora@example.com' });
    const key = newKey();
    await engine.stopWorkers();
    const temporal = { TEMPORAL_ADDRESS: engine.server.address, TEMPORAL_NAMESPACE: engine.client.options.namespace };
    const worker = await startWorkerProcess({ ...engine.environment, ...temporal });
    const answering = Promise.withResolvers<void>();
    smtp.state.answering = answering.promise;
    const first = send(channelId, key, raw);
    const has = () => smtp.mails.filter((taken) => taken.raw.includes(messageId)).length;
    await until('the message', () => has() === 1, 30_000);
    const stopped = worker.stop();
    await engine.startWorkers();
    // The worker has begun to stop when the others have the queues to themselves: a whole send goes by.
    smtp.state.answering = Promise.resolve();
    expect((await send(channelId, newKey(), mail({ from: 'nora@example.com' }).raw)).status).toBe(202);
    answering.resolve();
    expect((await first).json.code ?? 'accepted').toMatch(/^(accepted|send_in_progress)$/);
    await stopped;
    const answer = await send(channelId, key, raw);
    expect([answer.status, answer.json.message_id]).toEqual([202, messageId]);
    expect(has()).toBe(1);
  }, 120_000);

  test('KILL, R-32: kill -9 of the worker between transmission and answer; the next one says that the outcome is unknown', async () => {
    const { engine, smtp, channels, send } = stage();
    const channelId = await channels.imap('mia@example.com');
    const { messageId, raw } = mail({ from: 'mia@example.com' });
    const key = newKey();
    await engine.stopWorkers();
    const temporal = { TEMPORAL_ADDRESS: engine.server.address, TEMPORAL_NAMESPACE: engine.client.options.namespace };
    const worker = await startWorkerProcess({ ...engine.environment, ...temporal, MOORING_KILL_AT: 'send.taken' });
    const first = send(channelId, key, raw);
    expect(await worker.died).toBe('SIGKILL');
    await engine.startWorkers();
    expect(['send_outcome_unknown', 'send_in_progress']).toContain((await first).json.code);
    const answer = await until(
      'the outcome',
      async () => {
        const { json } = await send(channelId, key, raw);
        return json.code === 'send_in_progress' ? null : json;
      },
      60_000,
    );
    expect([answer.code, answer.retryable]).toEqual(['send_outcome_unknown', false]);
    expect(smtp.mails.filter((taken) => taken.raw.includes(messageId))).toHaveLength(1);
  }, 120_000);
}
