import { trace } from '@opentelemetry/api';
import { opentelemetry } from '@otel-middleware/hono';
import { Hono } from 'hono';
import { streamSSE } from 'hono/streaming';
import { startTelemetry } from './telemetry.js';

const app = new Hono();
app.use(opentelemetry({ excludedUrls: 'healthz', trustProxy: ['cf-connecting-ip'] }));

app.get('/healthz', (c) => c.text('ok'));
app.get('/orders/:id', async (c) => {
  const total = await trace.getTracer('orders').startActiveSpan('compute_total', async (span) => {
    await scheduler.wait(5);
    span.end();
    return 42;
  });
  return c.json({ id: c.req.param('id'), total });
});
app.get('/events', (c) =>
  streamSSE(c, async (stream) => {
    for (const data of ['baked', 'packed', 'sent']) {
      await stream.writeSSE({ data });
      await stream.sleep(20);
    }
  }),
);

export default {
  fetch(request, env, ctx) {
    // Bindings are known with the first request, not before.
    startTelemetry(env);
    // The middleware keeps the Worker awake until the request's spans are exported.
    return app.fetch(request, env, ctx);
  },
};
