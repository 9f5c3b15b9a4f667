// Starts the four services of the shop and an OTLP/HTTP receiver on the loopback interface, sends requests, and prints a
// trace across all of them, and the metrics.
//
//   --once       send the requests, print, verify, and end with 0; 1 and the reasons if anything is not as it should be
//   --out FILE   write every OTLP/JSON payload received, traces and metrics, as one JSON array
import { writeFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { spansOf, startReceiver } from '@otel-middleware/example-verification';
import { defectsOf } from './checks.js';
import { sendRequests } from './requests.js';
import { startShop } from './services.js';
import { metricsTable, waterfall } from './waterfall.js';

const { values } = parseArgs({
  args: process.argv.slice(2).filter((argument) => argument !== '--'),
  options: { once: { type: 'boolean', default: false }, out: { type: 'string' } },
});

const receiver = await startReceiver();
const shop = await startShop(receiver.url);
let stopped = false;

if (values.once) await verify();
else await play();

/** Ends the services, which hand over what they still have, and the receiver after them. */
async function stop() {
  stopped = true;
  await shop.stop();
  await receiver.close();
  if (values.out !== undefined) writeFileSync(values.out, `${JSON.stringify(receiver.payloads, null, 2)}\n`);
}

async function verify() {
  let lines;
  try {
    lines = await sendRequests(shop.services);
  } finally {
    await stop();
  }
  printAll(lines);
  const defects = defectsOf(receiver.payloads, databaseLog());
  for (const defect of defects) console.error(`\n${defect}`);
  const verdict =
    defects.length === 0 ? 'Every span and metric is as expected.' : `${defects.length} defects.`;
  console.log(`\n${verdict}`);
  process.exitCode = defects.length === 0 ? 0 : 1;
}

async function play() {
  // A terminal, and whatever stands between it and us, may each send one.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => stopped || stop());
  const lines = await sendRequests(shop.services);
  // Spans are exported after 0.2 s and metrics each second.
  await wait(1500);
  printAll(lines);
  const { url } = shop.services.gateway;
  console.log(`\nThe shop listens on ${url}. Try ${url}/tenants/acme/orders/42; Ctrl+C ends it.\n`);
  await printTraces(new Set(spansOf(receiver.payloads).map(({ traceId }) => traceId)));
}

function printAll(lines) {
  const spans = spansOf(receiver.payloads);
  const { traceId } = spans.find(({ name }) => name === 'GET /prices/:item') ?? {};
  const trace = spans.filter((span) => span.traceId === traceId);
  console.log(`Requests\n\n${lines.join('\n')}`);
  if (trace.length > 0)
    console.log(`\nOne trace; in all there are ${spans.length} spans\n\n${waterfall(trace)}`);
  console.log(`\nThe log of the database behind inventory\n\n${databaseLog().join('\n')}`);
  console.log(`\nhttp.server.request.duration\n\n${metricsTable(receiver.payloads)}`);
}

/** The log of the database, which inventory prints. */
function databaseLog() {
  const lines = shop.services.inventory.printed().split('\n');
  return lines.filter((line) => line.startsWith('LOG:'));
}

/** Prints each further trace once, when no span of it has arrived for a moment. */
async function printTraces(printed) {
  let before = 0;
  while (!stopped) {
    await wait(500);
    const spans = spansOf(receiver.payloads).filter(({ traceId }) => !printed.has(traceId));
    if (spans.length > 0 && spans.length === before) {
      console.log(`${waterfall(spans)}\n`);
      for (const { traceId } of spans) printed.add(traceId);
    }
    before = spans.length;
  }
}
