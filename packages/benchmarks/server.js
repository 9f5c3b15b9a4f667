// One variant as a process of its own: `node server.js FRAMEWORK VARIANT`. Tells its port, and on request its CPU time,
// over the IPC channel.
import http from 'node:http';
import { floorListener, floorMiddleware } from './floor.js';
import { registerTelemetry } from './telemetry.js';

const [framework, variant] = process.argv.slice(2);
if (variant !== 'bare') registerTelemetry();

const body = JSON.stringify({ id: '42', name: 'a name of some length', tags: ['one', 'two'], total: 12.5 });

const chunk = new TextEncoder().encode(`${body}\n`);

async function answer(res) {
  await null;
  res.setHeader('content-type', 'application/json');
  res.end(body);
}

/** A body of ten chunks. */
function streamed() {
  let left = 10;
  return new ReadableStream({
    pull(controller) {
      if (left-- === 0) controller.close();
      else controller.enqueue(chunk);
    },
  });
}

const builders = {
  'node-http': async () => {
    const listener = (_req, res) => answer(res);
    if (variant === 'bare') return listener;
    if (variant === 'floor') return floorListener(listener);
    const { instrumentListener } = await import('@otel-middleware/node-http');
    return instrumentListener(listener);
  },
  hono: async () => {
    const { Hono } = await import('hono');
    const { getRequestListener } = await import('@hono/node-server');
    const app = new Hono();
    if (variant === 'ours') app.use((await import('@otel-middleware/hono')).opentelemetry());
    app.get('/users/:id', async (c) => {
      await null;
      return c.body(body, 200, { 'content-type': 'application/json' });
    });
    app.get('/streamed/:id', (c) => c.body(streamed(), 200, { 'content-type': 'application/x-ndjson' }));
    const listener = getRequestListener(app.fetch);
    return variant === 'floor' ? floorListener(listener) : listener;
  },
  express: async () => {
    const { default: express } = await import('express');
    const app = express();
    if (variant === 'floor') app.use(floorMiddleware);
    if (variant === 'ours') app.use((await import('@otel-middleware/express')).opentelemetry());
    app.get('/users/:id', (_req, res) => answer(res));
    return app;
  },
};

const server = http.createServer(await builders[framework]());
server.listen(0, '127.0.0.1', () => process.send({ port: server.address().port }));
process.on('message', () => {
  const { user, system } = process.cpuUsage();
  process.send({ cpuMicros: user + system });
});
process.on('disconnect', () => process.exit(0));
