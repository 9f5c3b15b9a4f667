import process from 'node:process';
import { opentelemetry } from '@otel-middleware/hono';
import { initTelemetry } from '@otel-middleware/sdk';
import { Hono } from 'hono';

// With OTEL_DENO=true leave this out: Deno then makes the spans itself, and the middleware brings them their routes.
initTelemetry();

const app = new Hono();
app.use(opentelemetry({ excludedUrls: 'healthz', captureRequestHeaders: ['x-tenant-id'] }));
app.get('/healthz', (c) => c.text('ok'));
app.get('/orders/:id', (c) => c.json({ id: c.req.param('id') }));

const onListen = ({ port }) => console.log(`http://127.0.0.1:${port}/orders/42`);
Deno.serve({ hostname: '127.0.0.1', port: Number(process.env.PORT ?? 8080), onListen }, app.fetch);
