import { upgradeWebSocket } from 'hono/deno';
import { fetchHandler } from './program.js';
import { startTelemetry } from './telemetry.js';

// Without an address it is Deno's own telemetry that is on.
const endpoint = Deno.env.get('OTLP_URL');
if (endpoint !== undefined) startTelemetry(endpoint);
const onListen = ({ port }) => console.log(`http://127.0.0.1:${port}`);
Deno.serve({ hostname: '127.0.0.1', port: 0, onListen }, fetchHandler(upgradeWebSocket));
