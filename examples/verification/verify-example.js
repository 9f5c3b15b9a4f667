import { startReceiver } from './receiver.js';
import { startService } from './service.js';
import { spansOf, traceTree } from './trace-tree.js';

/**
 * Starts an example with its telemetry sent to a receiver of our own, sends its requests, stops it, and compares the tree
 * of all spans that arrived with the one expected. Prints the tree; a difference ends the process with code 1.
 *
 * @param {string[]} command - arguments of the executable (default: this Node) that start the example.
 * @param {(url: string) => Promise<void>} requests - sends the requests to the example.
 * @param {string} expected - the tree without durations.
 */
export async function verifyExample({ command, cwd, executable, serviceName, requests, expected }) {
  const receiver = await startReceiver();
  try {
    const env = { OTEL_SERVICE_NAME: serviceName, OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url };
    const service = await startService(command, { cwd, env, executable });
    try {
      await requests(service.url);
    } finally {
      await service.stop();
    }
  } finally {
    await receiver.close();
  }
  const spans = spansOf(receiver.payloads);
  console.log(traceTree(spans));
  const actual = traceTree(spans, { durations: false });
  if (actual.trim() === expected.trim()) return;
  console.error(`\nThis is not the trace that was expected, which is:\n${expected.trim()}`);
  process.exitCode = 1;
}
