// Starts the shop and an OTLP/HTTP receiver on the loopback interface, sends requests, and prints the traces that arrive.
//
//   --once       send the requests, print, verify, and end with 0; 1 and the reasons if anything is missing
//   --out FILE   write every OTLP/JSON payload received, traces and metrics, as one JSON array
import { writeFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { spansOf, startReceiver, startService, traceTree } from '@otel-middleware/example-verification';
import { defectsOf } from './checks.js';
import { sendRequests } from './requests.js';

const { values } = parseArgs({
  args: process.argv.slice(2).filter((argument) => argument !== '--'),
  options: { once: { type: 'boolean', default: false }, out: { type: 'string' } },
});

const receiver = await startReceiver();
const shop = await startService(['--import', '@otel-middleware/sdk/register', 'orders.js'], {
  cwd: import.meta.dirname,
  env: {
    OTEL_SERVICE_NAME: 'shop',
    OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url,
    OTEL_BSP_SCHEDULE_DELAY: '200',
  },
});

console.log((await sendRequests(shop.url)).join('\n'));

if (values.once) {
  await shop.stop();
  await receiver.close();
  console.log(`\n${traceTree(spansOf(receiver.payloads))}\n`);
  writePayloads();
  const defects = defectsOf(receiver.payloads);
  for (const defect of defects) console.error(defect);
  console.log(
    defects.length === 0 ? 'Every span and metric arrived as expected.' : `${defects.length} defects.`,
  );
  process.exitCode = defects.length === 0 ? 0 : 1;
} else {
  console.log(
    `\nThe shop listens on ${shop.url}. Try ${shop.url}/tenants/acme/orders/43/total; Ctrl+C ends it.\n`,
  );
  process.once('SIGINT', async () => {
    await shop.stop();
    await receiver.close();
    writePayloads();
    process.exit(0);
  });
  await printTraces();
}

/** Prints each trace once, when no span of it has arrived for a moment. */
async function printTraces() {
  const printed = new Set();
  let before = 0;
  for (;;) {
    await wait(500);
    const spans = spansOf(receiver.payloads).filter((span) => !printed.has(span.traceId));
    if (spans.length > 0 && spans.length === before) {
      console.log(`${traceTree(spans)}\n`);
      for (const span of spans) printed.add(span.traceId);
    }
    before = spans.length;
  }
}

function writePayloads() {
  if (values.out !== undefined) writeFileSync(values.out, `${JSON.stringify(receiver.payloads, null, 2)}\n`);
}
