// Begin and end of one request in one process, ours against the floor, alternating: `node --expose-gc micro.js [--gate] [--write PART]`.
//
// `--gate` ends with 1 on a gross regression; machines are noisy, ratios within one process much less so. `--write` puts the
// table into a part of RESULTS.md.
import { EventEmitter } from 'node:events';
import { parseArgs } from 'node:util';
import { context, metrics, propagation, ROOT_CONTEXT, SpanKind, trace } from '@opentelemetry/api';
import { addMillis, wallClock } from '@otel-middleware/core/internal';
import { instrumentListener } from '@otel-middleware/node-http';
import { floorListener } from './floor.js';
import { quantile } from './quantiles.js';
import { writeResults } from './results.js';
import { scenarios, TRACE } from './scenarios.js';
import { registerTelemetry } from './telemetry.js';
import { nanoseconds } from './timing.js';

const { values } = parseArgs({
  options: { gate: { type: 'boolean', default: false }, write: { type: 'string' } },
});
const CALLS = 20_000;
const ROUNDS = 31;

const socket = { remoteAddress: '127.0.0.1', remotePort: 40_000, localAddress: '127.0.0.1', localPort: 8080 };

/** The parts of Node's messages that a listener reads, without the network, whose noise would hide the difference. */
class Request extends EventEmitter {
  method = 'GET';
  httpVersion = '1.1';
  socket = socket;
  rawHeaders = [];

  constructor(url, flags) {
    super();
    this.url = url;
    this.headers = {
      host: 'localhost:8080',
      'user-agent': 'benchmark',
      'x-tenant-id': 'acme',
      'x-request-id': 'f3b1',
      accept: 'application/json',
      traceparent: `${TRACE}-${flags}`,
    };
  }
}

class Response extends EventEmitter {
  statusCode = 200;
  headersSent = true;
  writableFinished = true;
  errored = null;
}

const answer = (_request, response) => response.emit('close');
const served = (listener, url, flags) => () => listener(new Request(url, flags), new Response());

/**
 * Makes a listener that asks of API and SDK the same as ours, with nothing around it: any cost above this is ours.
 *
 * @param captured - the request headers that become attributes.
 */
function sdkAlone(captured = []) {
  const keys = captured.map((name) => [name, `http.request.header.${name}`]);
  const tracer = trace.getTracer('sdk alone');
  const histogram = metrics
    .getMeter('sdk alone')
    .createHistogram('http.server.request.duration', { unit: 's' });
  const getter = { get: (headers, name) => headers[name], keys: Object.keys };
  return (request, response) => {
    const { method, url, headers } = request;
    const started = performance.now();
    const startTime = wallClock();
    const attributes = {
      'http.request.method': method,
      'url.path': '/users/42',
      'url.scheme': 'http',
      'url.query': 'verbose=1',
      'server.address': 'localhost',
      'server.port': 8080,
      'client.address': socket.remoteAddress,
      'user_agent.original': headers['user-agent'],
    };
    for (const [name, key] of keys) attributes[key] = [headers[name]];
    const parent = propagation.extract(ROOT_CONTEXT, headers, getter);
    const span = tracer.startSpan(method, { kind: SpanKind.SERVER, attributes, startTime }, parent);
    if (span.isRecording()) {
      span.setAttribute('network.peer.address', socket.remoteAddress);
      span.setAttribute('network.peer.port', socket.remotePort);
      span.setAttribute('network.protocol.version', '1.1');
    }
    context.with(trace.setSpan(parent, span), answer, undefined, request, response);
    const end = performance.now();
    if (span.isRecording()) {
      span.setAttribute('http.response.status_code', response.statusCode);
      span.end(addMillis(startTime, end - started));
    } else span.end();
    histogram.record((end - started) / 1000, METRIC_ATTRIBUTES, parent);
    return url;
  };
}

const METRIC_ATTRIBUTES = Object.freeze({
  'http.request.method': 'GET',
  'http.response.status_code': 200,
  'network.protocol.version': '1.1',
  'url.scheme': 'http',
});

const pause = () => new Promise((resolve) => setTimeout(resolve, 5));

function bytes(call) {
  globalThis.gc();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < 1_000; i++) call();
  return (process.memoryUsage().heapUsed - before) / 1_000;
}

/** Medians of time and allocation of each call, measured in turn. */
async function measure(calls) {
  const names = Object.keys(calls);
  const times = Object.fromEntries(names.map((name) => [name, []]));
  const allocated = Object.fromEntries(names.map((name) => [name, []]));
  for (let round = 0; round < ROUNDS; round++) {
    for (const name of round % 2 === 0 ? names : names.toReversed()) {
      times[name].push(nanoseconds(calls[name], CALLS));
      await pause();
    }
  }
  for (let round = 0; round < 11; round++) {
    for (const name of names) {
      allocated[name].push(bytes(calls[name]));
      await pause();
    }
  }
  const first = times[names[0]];
  return Object.fromEntries(
    names.map((name) => [
      name,
      {
        time: quantile(times[name], 0.5),
        ratio: quantile(
          times[name].map((time, round) => time / first[round]),
          0.5,
        ),
        allocated: quantile(allocated[name], 0.5),
      },
    ]),
  );
}

const URL = '/users/42?verbose=1';
const bareOf = (url, flags) => served(answer, url, flags);
const withoutSdk = served(instrumentListener(answer), URL, '01');
const idle = await measure({ bare: bareOf(URL, '01'), ours: withoutSdk });

// Ended spans are dropped at once: a queue of them would add the collector's pauses to whichever side meets them.
registerTelemetry({ onStart() {}, onEnd() {}, forceFlush: async () => {}, shutdown: async () => {} });
const [floor, ours] = [floorListener(answer), instrumentListener(answer, { excludedUrls: 'healthz' })];
const sampled = await measure({
  floor: served(floor, URL, '01'),
  ours: served(ours, URL, '01'),
  'the SDK alone': served(sdkAlone(), URL, '01'),
  bare: bareOf(URL, '01'),
});
const unsampled = await measure({
  floor: served(floor, URL, '00'),
  ours: served(ours, URL, '00'),
  'the SDK alone': served(sdkAlone(), URL, '00'),
});
const { capture } = scenarios.headers;
const capturing = instrumentListener(answer, { captureRequestHeaders: capture });
const captured = await measure({
  ours: served(ours, URL, '01'),
  'ours, capturing': served(capturing, URL, '01'),
  'the SDK alone': served(sdkAlone(), URL, '01'),
  'the SDK alone, capturing': served(sdkAlone(capture), URL, '01'),
});
const excluded = await measure({ bare: bareOf('/healthz', '01'), ours: served(ours, '/healthz', '01') });

/** The cost that instrumentation adds to a request. */
const added = (bare, { time, allocated }) => ({
  time: time - bare.time,
  allocated: allocated - bare.allocated,
});
const [ofFloor, ofOurs, ofSdk] = [sampled.floor, sampled.ours, sampled['the SDK alone']].map((one) =>
  added(sampled.bare, one),
);
const [unsampledFloor, unsampledOurs, unsampledSdk] = [
  unsampled.floor,
  unsampled.ours,
  unsampled['the SDK alone'],
].map((one) => added(sampled.bare, one));
const ofCapture = added(captured.ours, captured['ours, capturing']);
const ofCaptureAlone = added(captured['the SDK alone'], captured['the SDK alone, capturing']);
const ofExcluded = added(excluded.bare, excluded.ours);
const ofIdle = added(idle.bare, idle.ours);

/** A line of the table; the ratio is to the floor that is given, if any. */
function row(name, { time, allocated }, floor) {
  const ratio = floor === undefined ? '' : (time / floor.time).toFixed(2);
  return `| ${name} | ${(time / 1000).toFixed(2)} | ${ratio} | ${(allocated / 1000).toFixed(2)} |`;
}

const heading = `Node ${process.version}, ${ROUNDS} × ${CALLS} requests each, medians; what is added to the same request without instrumentation.`;
const lines = [
  '| | µs | ÷ floor | kB allocated |',
  '|---|---|---|---|',
  row('sampled: floor', ofFloor, ofFloor),
  row('sampled: ours', ofOurs, ofFloor),
  row('sampled: the SDK alone, called as ours calls it', ofSdk, ofFloor),
  row('unsampled parent: floor', unsampledFloor, unsampledFloor),
  row('unsampled parent: ours', unsampledOurs, unsampledFloor),
  row('unsampled parent: the SDK alone, likewise', unsampledSdk, unsampledFloor),
  row('five captured headers, beside sampled: ours', ofCapture, ofFloor),
  row('five captured headers, beside sampled: the SDK alone, likewise', ofCaptureAlone, ofFloor),
  row('excluded URL: ours', ofExcluded, ofFloor),
  row('no SDK registered: ours', ofIdle),
];
console.log(`${heading}\n\n${lines.join('\n')}`);
if (values.write) writeResults(values.write, [heading, '', ...lines]);

/** Far above what is measured here, so that only a gross regression is one. */
const LIMITS = [
  ['sampled, ours ÷ floor', sampled.ours.ratio, 1.3],
  ['sampled, kB over the floor', (sampled.ours.allocated - sampled.floor.allocated) / 1000, 1],
  ['unsampled, ours ÷ floor', unsampled.ours.ratio, 1.3],
  ['excluded, µs', ofExcluded.time / 1000, 1.5],
  ['excluded, kB', ofExcluded.allocated / 1000, 0.5],
  ['no SDK, µs', ofIdle.time / 1000, 1.5],
];
if (values.gate) {
  for (const [what, figure, limit] of LIMITS) {
    const broken = !(figure <= limit);
    console.log(`${broken ? 'TOO MUCH' : 'ok'}  ${what}: ${figure.toFixed(2)}, at most ${limit}`);
    if (broken) process.exitCode = 1;
  }
}
process.exit();
