import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { context, propagation } from '@opentelemetry/api';

// It inherits the options of this Node, and with `--import @otel-middleware/sdk/register` its own SDK.
const worker = new Worker(new URL('resize-thread.js', import.meta.url));
const waiting = new Map();
let asked = 0;

worker.on('message', ({ id, result }) => {
  waiting.get(id)(result);
  waiting.delete(id);
});

/** Has the thread do a job, and waits for its result. */
export function inThread(job) {
  const headers = {};
  propagation.inject(context.active(), headers);
  const id = asked++;
  worker.postMessage({ id, job, headers });
  return new Promise((resolve) => waiting.set(id, resolve));
}

/** Lets the thread end. */
export async function closeThread() {
  worker.postMessage('end');
  await once(worker, 'exit');
}
