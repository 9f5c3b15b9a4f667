import { metrics } from '@opentelemetry/api';
import { upgradeWebSocket } from 'hono/cloudflare-workers';
import { fetchHandler } from './program.js';
import { startTelemetry } from './telemetry.js';

const handler = fetchHandler(upgradeWebSocket);

export default {
  fetch(request, env, ctx) {
    startTelemetry(env.OTLP_URL);
    if (new URL(request.url).pathname !== '/flush-metrics') return handler(request, env, ctx);
    return metrics
      .getMeterProvider()
      .forceFlush()
      .then(() => new Response('flushed'));
  },
};
