import { deepStrictEqual } from 'node:assert/strict';
import { createServer } from 'node:http';
import { startService } from '@otel-middleware/example-verification';
import { expectedHeaders, expectedTotal } from './expected.js';

const pricing = createServer((_request, response) => response.end('{"amount":12.5}'));
await new Promise((resolve) => pricing.listen(0, '127.0.0.1', resolve));
const PRICING_URL = `http://127.0.0.1:${pricing.address().port}`;

const DIFFERENT = { 'network.peer.port': 'a port', 'telemetry.sdk.version': 'a version' };

await check('total.js', expectedTotal, async (url) => {
  const response = await fetch(`${url}/orders/42/total`);
  deepStrictEqual(await response.json(), { order_id: '42', total: 12.5 });
});
pricing.close();

await check('headers.js', expectedHeaders, async (url) => {
  for (const path of ['/healthz', '/metrics']) await fetch(url + path);
  const response = await fetch(`${url}/orders/42`, {
    headers: { 'x-tenant-id': 'acme', authorization: 'Bearer secret' },
  });
  deepStrictEqual(await response.json(), { order_id: '42' });
});

/** Runs a service, sends its requests, and compares all that it has printed with what is expected of it. */
async function check(file, expected, requests) {
  const service = await startService([file], {
    cwd: import.meta.dirname,
    env: { PRICING_URL, OTEL_METRICS_EXPORTER: 'none' },
  });
  try {
    await requests(service.url);
  } finally {
    await service.stop();
  }
  const [, ...lines] = service.printed().trim().split('\n');
  const printed = lines.map((line) => JSON.parse(line));
  console.log(JSON.stringify(printed, null, 2));
  deepStrictEqual(printed.map(comparable), [expected({ service: service.url, pricing: PRICING_URL })]);
  console.log(`${file}: as expected, to the last attribute.`);
}

/** A payload with the parts that differ from run to run checked and named. */
function comparable(payload) {
  const names = new Map();
  const named = (id) => {
    if (!names.has(id)) names.set(id, `${id.length === 32 ? 'trace' : 'span'} ${names.size}`);
    return names.get(id);
  };
  return JSON.parse(JSON.stringify(payload), (key, value) => {
    if (['traceId', 'spanId', 'parentSpanId'].includes(key)) return named(value);
    if (key === 'startTimeUnixNano' || key === 'endTimeUnixNano') return timeOf(value);
    if (value?.key in DIFFERENT) return { ...value, value: DIFFERENT[value.key] };
    return value;
  });
}

function timeOf(nanoseconds) {
  const age = Date.now() - Number(BigInt(nanoseconds) / 1_000_000n);
  return age >= -1000 && age < 60_000 ? 'just now' : nanoseconds;
}
