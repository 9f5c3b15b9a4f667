// Headers that become attributes, those that become [REDACTED], and paths that make no span.
import { instrumentHttpClients } from '@otel-middleware/client';
import { opentelemetry } from '@otel-middleware/express';
import { initTelemetry } from '@otel-middleware/sdk';
import express from 'express';
import { printedSpans } from './printed-spans.js';

process.env.OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_REQUEST ??= 'x-tenant-id,authorization';
process.env.OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SERVER_RESPONSE ??= 'cache-control,set-cookie';
process.env.OTEL_INSTRUMENTATION_HTTP_CAPTURE_HEADERS_SANITIZE_FIELDS ??= 'authorization,.*cookie';

initTelemetry({ serviceName: 'orders-api', traceExporter: printedSpans });
instrumentHttpClients();

const app = express();
app.use(opentelemetry({ excludedUrls: 'healthz,metrics' }));
app.get(['/healthz', '/metrics'], (_request, response) => response.send('ok'));
app.get('/orders/:order_id', (request, response) => {
  response.set('cache-control', 'no-store').cookie('session', 'secret');
  response.json({ order_id: request.params.order_id });
});

const server = app.listen(process.env.PORT ?? 8080, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${server.address().port}`);
});
