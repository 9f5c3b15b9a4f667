// Work that a request starts beside itself: after the response, in a thread, through a queue, and in a pool.
import { setTimeout as wait } from 'node:timers/promises';
import { trace } from '@opentelemetry/api';
import { traceTask } from '@otel-middleware/core';
import { opentelemetry } from '@otel-middleware/express';
import express from 'express';
import { withConnection } from './pool.js';
import { consume, send } from './queue.js';
import { closeThread, inThread } from './thread.js';

const app = express();
app.use(opentelemetry());

// Timers and promises keep the context by themselves. What outlives the response becomes a trace of its own.
app.post('/mails/:id', (_request, response) => {
  setImmediate(() => traceTask('send_mail', () => wait(30)));
  response.status(202).end();
});

// A thread has no context but what a message brings. Who waits for it gets a child.
app.get('/images/:id', async (request, response) => {
  response.json(await inThread({ resize: request.params.id }));
});

// Who takes a job from a queue may be another process, next week: it gets a link.
app.post('/reports/:id', (request, response) => {
  send('reports', { id: request.params.id });
  response.status(202).end();
});
consume('reports', () => wait(5));

// A pool runs what waits when somebody else is done, in that one's context unless it is bound.
app.get('/rows/:id', async (_request, response) => {
  const rows = await withConnection(() =>
    trace.getTracer('background').startActiveSpan('query', async (span) => {
      await wait(20);
      span.end();
      return [];
    }),
  );
  response.json(rows);
});

const server = app.listen(process.env.PORT ?? 8080, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});

// A thread flushes its own spans as it ends, so it has to end before the process does.
process.once('SIGTERM', async () => {
  await closeThread();
  server.close();
});
