import { Worker } from 'node:worker_threads';

/**
 * In a thread of its own, so that what a test costs does not count. An answer that is late while this thread itself was
 * kept from the processor is late by the machine: that time is taken off.
 */
const WATCH = `
const { parentPort, workerData } = require('node:worker_threads');
const { watched, stop } = workerData;
let keptMs = 0;
let lastMs = performance.now();
setInterval(() => { keptMs += Math.max(0, performance.now() - lastMs - 10); lastMs = performance.now(); }, 5).unref();
const worst = {};
Promise.all(watched.map(async ({ name, url, headers }) => {
  for (let n = 0; Atomics.load(stop, 0) === 0; n++) {
    const beganMs = performance.now();
    const keptBeforeMs = keptMs;
    const status = await fetch(url, { headers }).then(async (answer) => (await answer.text(), answer.status), () => 0);
    await new Promise(setImmediate);
    const tookMs = performance.now() - beganMs - (keptMs - keptBeforeMs);
    if (n > 0) worst[name] = Math.max(worst[name] ?? 0, status === 200 ? tookMs : 1e9); // the first loads what fetch needs
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
})).then(() => parentPort.postMessage(worst));`;

export interface Watched {
  name: string;
  url: string;
  headers?: Record<string, string>;
}

/** The longest that each of these took to answer 200 while the work went on, in ms. */
export async function slowestAnswers(watched: Watched[], work: () => Promise<void>): Promise<Record<string, number>> {
  const stop = new Int32Array(new SharedArrayBuffer(4));
  const watch = new Worker(WATCH, { eval: true, workerData: { watched, stop } });
  const worst = new Promise<Record<string, number>>((resolve, reject) => {
    watch.once('message', resolve).once('error', reject);
  });
  try {
    await work();
  } finally {
    Atomics.store(stop, 0, 1);
    await worst;
  }
  return worst;
}
