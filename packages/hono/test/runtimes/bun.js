import { upgradeWebSocket, websocket } from 'hono/bun';
import { fetchHandler } from './program.js';
import { startTelemetry } from './telemetry.js';

startTelemetry(process.env.OTLP_URL);
const { port } = Bun.serve({
  fetch: fetchHandler(upgradeWebSocket),
  websocket,
  hostname: '127.0.0.1',
  port: 0,
});
console.log(`http://127.0.0.1:${port}`);
