// Begin and end of one request in one process, ours against the floor, alternating: `node --expose-gc micro.js`.
import { EventEmitter } from 'node:events';
import { context } from '@opentelemetry/api';
import { instrumentListener } from '@otel-middleware/node-http';
import { floorListener } from './floor.js';
import { registerTelemetry } from './telemetry.js';

// Ended spans are dropped at once: a queue of them would add the collector's pauses to whichever side meets them.
registerTelemetry({ onStart() {}, onEnd() {}, forceFlush: async () => {}, shutdown: async () => {} });

const socket = { remoteAddress: '127.0.0.1', remotePort: 40_000, localAddress: '127.0.0.1', localPort: 8080 };

/** The parts of Node's messages that a listener reads, without the network, whose noise would hide the difference. */
function request() {
  return {
    method: 'GET',
    url: '/users/42?verbose=1',
    httpVersion: '1.1',
    socket,
    headers: {
      host: 'localhost:8080',
      'user-agent': 'benchmark',
      traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
    },
    rawHeaders: [],
  };
}

class Response extends EventEmitter {
  statusCode = 200;
  headersSent = true;
  writableFinished = true;
  errored = null;
}

const listener = (_req, res) => res.emit('close');
const variants = { floor: floorListener(listener), ours: instrumentListener(listener) };
const ITERATIONS = 20_000;
const ROUNDS = 31;

function run(variant) {
  const start = process.hrtime.bigint();
  for (let i = 0; i < ITERATIONS; i++) variant(request(), new Response());
  return Number(process.hrtime.bigint() - start) / ITERATIONS;
}

function allocated(variant) {
  globalThis.gc();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < 1_000; i++) variant(request(), new Response());
  return (process.memoryUsage().heapUsed - before) / 1_000;
}

const pause = () => new Promise((resolve) => setTimeout(resolve, 5));
const times = { floor: [], ours: [] };
for (let round = 0; round < ROUNDS; round++) {
  for (const name of round % 2 === 0 ? ['floor', 'ours'] : ['ours', 'floor']) {
    // From the root context, as the server calls it; the pause lets the batch processor empty its queue.
    times[name].push(context.with(context.active(), () => run(variants[name])));
    await pause();
  }
}
const median = (numbers) => [...numbers].sort((a, b) => a - b)[numbers.length >> 1];
const ratios = times.ours.map((time, index) => time / times.floor[index]);
const bytes = { floor: [], ours: [] };
for (let round = 0; round < 11; round++) {
  for (const name of ['floor', 'ours']) {
    bytes[name].push(allocated(variants[name]));
    await pause();
  }
}
console.log(`Node ${process.version}, ${ROUNDS} × ${ITERATIONS} requests each, medians`);
console.log(
  `floor ${median(times.floor).toFixed(0)} ns, ours ${median(times.ours).toFixed(0)} ns, ratio ${median(ratios).toFixed(3)}`,
);
console.log(`allocated: floor ${median(bytes.floor).toFixed(0)} B, ours ${median(bytes.ours).toFixed(0)} B`);
process.exit(0);
