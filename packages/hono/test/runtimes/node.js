import { serve, upgradeWebSocket } from '@hono/node-server';
import { WebSocketServer } from 'ws';
import { fetchHandler } from './program.js';
import { startTelemetry } from './telemetry.js';

startTelemetry(process.env.OTLP_URL);
const websocket = { server: new WebSocketServer({ noServer: true }) };
serve({ fetch: fetchHandler(upgradeWebSocket), websocket, hostname: '127.0.0.1', port: 0 }, ({ port }) => {
  console.log(`http://127.0.0.1:${port}`);
});
