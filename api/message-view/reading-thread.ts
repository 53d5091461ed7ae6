import { parentPort, workerData } from 'node:worker_threads';
import { takeAttachment, viewMail } from './read-message.ts';

/** What the thread is asked for; `attachment` null: the message as a person reads it. */
export interface Reading {
  content: Uint8Array;
  attachment: number | null;
}

const { content, attachment } = workerData as Reading;
const read = attachment === null ? await viewMail(content) : await takeAttachment(content, attachment);
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread has no origin
parentPort?.postMessage(read);
